"""Backup and restore (备份与恢复): the database as one dump, the rasters, and, apart from both, the keys."""

from database.backup.restore import restore_backup, verify_backup
from database.backup.store import find_backup
from database.backup.take import take_backup

__all__ = ["find_backup", "restore_backup", "take_backup", "verify_backup"]
