"""The roles, database and extensions onemap needs, for the embedded cluster and for any other server.

onemap_owner  signs in for migrations, owns the database and every schema, is no superuser.
onemap_app    signs in for the application, owns nothing, is bound by row-level security.
onemap_tiles  cannot sign in; owns only the audited functions that read tiles with an explicit scope.
onemap_guard  cannot sign in; owns the functions that chain the audit trail and count what a village lost.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from database.clock import ZONE

DATABASE = "onemap"
OWNER_ROLE = "onemap_owner"
APP_ROLE = "onemap_app"
TILES_ROLE = "onemap_tiles"
GUARD_ROLE = "onemap_guard"
EXTENSIONS = ("postgis", "pg_trgm", "btree_gist")

#: An error's message, its DETAIL and its statement quote rows ("Failing row contains …"). They go to the client, which leaves the
#: words out; the server's own log keeps what concerns the server (LOG, FATAL, PANIC).
LOG_SETTINGS = {
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}

_PLAIN = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"
_SCRAM_ROUNDS = 4096


@dataclass(frozen=True)
class BootstrapSql:
    """The statements of a bootstrap, each safe to repeat.

    server: in any database, as a superuser. create_database: outside a transaction, once.
    inside: in database onemap, as a superuser.
    """

    server: tuple[str, ...]
    create_database: str
    inside: tuple[str, ...]

    def script(self) -> str:
        """The same as one psql script. It holds password verifiers, never passwords."""
        return "\n".join(self._script_lines()) + "\n"

    def _script_lines(self) -> Iterator[str]:
        yield "\\set ON_ERROR_STOP on"
        for statement in self.server:
            yield f"{statement};"
        quoted = self.create_database.replace("'", "''")
        existing = f"SELECT FROM pg_database WHERE datname = '{DATABASE}'"
        yield f"SELECT '{quoted}' WHERE NOT EXISTS ({existing}) \\gexec"
        yield f"\\connect {DATABASE}"
        for statement in self.inside:
            yield f"{statement};"


def bootstrap_sql(owner_password: str, app_password: str) -> BootstrapSql:
    """The statements that prepare a server for onemap (PostgreSQL 15 or later, PostGIS installed)."""
    owner_verifier, app_verifier = scram_verifier(owner_password), scram_verifier(app_password)
    return BootstrapSql(
        server=(
            *(_create_role(role) for role in (OWNER_ROLE, APP_ROLE, TILES_ROLE, GUARD_ROLE)),
            f"ALTER ROLE {OWNER_ROLE} LOGIN INHERIT {_PLAIN} PASSWORD '{owner_verifier}'",
            f"ALTER ROLE {APP_ROLE} LOGIN NOINHERIT {_PLAIN} PASSWORD '{app_verifier}'",
            f"ALTER ROLE {TILES_ROLE} NOLOGIN {_PLAIN} PASSWORD NULL",
            f"ALTER ROLE {GUARD_ROLE} NOLOGIN {_PLAIN} PASSWORD NULL",
            f"GRANT {TILES_ROLE}, {GUARD_ROLE} TO {OWNER_ROLE}",
        ),
        create_database=f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE} TEMPLATE template0 ENCODING 'UTF8'",
        inside=(
            f"ALTER DATABASE {DATABASE} SET timezone = '{ZONE}'",
            *(f"ALTER DATABASE {DATABASE} SET {name} = '{value}'" for name, value in LOG_SETTINGS.items()),
            f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC",
            f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {DATABASE} TO {OWNER_ROLE}",
            f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APP_ROLE}",
            *(f"CREATE EXTENSION IF NOT EXISTS {name} WITH SCHEMA public" for name in EXTENSIONS),
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            f"GRANT USAGE ON SCHEMA public TO {OWNER_ROLE}, {APP_ROLE}, {TILES_ROLE}, {GUARD_ROLE}",
        ),
    )


def bootstrap_server(superuser_url: str, *, owner_password: str, app_password: str) -> None:
    """Prepare the server at superuser_url; safe to repeat. Sets the passwords of both sign-in roles."""
    plan = bootstrap_sql(owner_password, app_password)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        for statement in plan.server:
            connection.execute(statement.encode())
        existing = connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
        if existing is None:
            connection.execute(plan.create_database.encode())
    inside = psycopg.conninfo.make_conninfo(superuser_url, dbname=DATABASE)
    with psycopg.connect(inside, autocommit=True) as connection:
        for statement in plan.inside:
            connection.execute(statement.encode())


def scram_verifier(password: str) -> str:
    """What PostgreSQL stores for a password (RFC 5803), so that no statement ever carries the password.

    password: ASCII, as SASLprep is not applied.
    """
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _SCRAM_ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{salt_text}${stored_text}:{server_text}"


def _create_role(role: str) -> str:
    return (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
        f"THEN CREATE ROLE {role}; END IF; END $$"
    )
