"""``onemap identity``: who is who in files of records. Needs no database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from layers.people.identity.files import read_records, write_clusters
from layers.people.identity.resolve import REVIEW, resolve
from mapserver.cli.lazy import lazy_app

app = lazy_app("身份归并 / who is who", {"resolve": "mapserver.cli.identity:resolve_command"})


def resolve_command(
    files: Annotated[list[Path], typer.Argument(help="CSV：id,name,sex,birth_date,national_id,phone,address,source")],
    out: Annotated[Path, typer.Option(help="结果 CSV：id,cluster,decision,reasons / result")],
    id_column: Annotated[str, typer.Option(help="编号列 / column of the record id")] = "id",
    no_national_id: Annotated[
        bool, typer.Option("--no-national-id", help="不看身份证号 / leave the ID number out")
    ] = False,
) -> None:
    """哪些记录是同一个人 / which records are one person.

    拿不准的记录标为 review，单独成立，cluster 只是建议 / what is unsure is marked review, stands alone, its cluster is a proposal.
    """
    records = read_records(files, id_column, ["national_id"] if no_national_id else [])
    resolved = resolve(records)
    write_clusters(out, resolved)
    persons = len({each.cluster for each in resolved if each.decision != REVIEW})
    unsure = sum(each.decision == REVIEW for each in resolved)
    typer.echo(f"{len(resolved)} 条记录，{persons} 人，{unsure} 条待审 / records, persons, to review")
