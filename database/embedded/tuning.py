"""Settings of the embedded server, fitted to the machine."""

import os
import shlex
import shutil
from pathlib import Path

from database.clock import ZONE
from database.embedded.layout import PORT, Layout

_MEGABYTE = 1024 * 1024


def server_options(layout: Layout, *, fsync: bool) -> str:
    """The `-c` options for pg_ctl: no TCP, a private socket, sizes that suit this machine."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MEGABYTE
    free_disk_mb = shutil.disk_usage(layout.data_dir).free // _MEGABYTE
    options = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": f'"{layout.socket_dir}"',
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{_between(64, memory_mb // 8, 512)}MB",
        "effective_cache_size": f"{_between(128, memory_mb // 2, 16384)}MB",
        "work_mem": f"{_between(4, memory_mb // 512, 32)}MB",
        "maintenance_work_mem": f"{_between(64, memory_mb // 16, 512)}MB",
        "max_wal_size": "4GB" if free_disk_mb > 20_000 else "1GB",
        "wal_compression": "on",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "100",
        "jit": "off",
        "max_locks_per_transaction": "256",  # a migration touches every table of a county
        "timezone": ZONE,
        "log_timezone": ZONE,
        "lc_messages": "C",
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgresql-%a.log",  # one file a weekday, a week in all
        "log_rotation_age": "1d",
        "log_truncate_on_rotation": "on",
        "log_error_verbosity": "terse",  # DETAIL lines quote personal data
    }
    shared_memory = Path("/dev/shm")  # noqa: S108 - only its size is read
    if not shared_memory.is_dir() or shutil.disk_usage(shared_memory).total < 256 * _MEGABYTE:
        options["dynamic_shared_memory_type"] = "mmap"
    if not fsync:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "512MB"}
    return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())


def _between(low: int, wanted: int, high: int) -> int:
    return max(low, min(wanted, high))
