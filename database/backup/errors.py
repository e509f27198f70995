"""What can go wrong with a backup."""

from database.errors import Unavailable


class BackupError(Unavailable):
    """备份或恢复失败 | The backup or restore failed"""


class BackupProgramsMissing(BackupError):
    """缺少 pg_dump 或 pg_restore | pg_dump or pg_restore is not installed"""


class BackupRoleTooWeak(BackupError):
    """数据库账号受行级安全约束，备份会缺行 | The database role is bound by row-level security: rows would be missing"""


class BackupUnderWay(BackupError):
    """另一个备份正在写入同一目录 | Another backup is being written to this folder"""


class BackupNoSpace(BackupError):
    """磁盘空间不足 | Not enough disk space"""


class BackupNotFound(BackupError):
    """没有找到备份 | There is no backup here"""


class BackupDamaged(BackupError):
    """备份已损坏 | The backup is damaged"""


class BackupOtherRelease(BackupError):
    """备份的版本不符 | The backup is of another release"""


class BackupKeysMissing(BackupError):
    """缺少备份的密钥 | The keys of the backup are missing"""


class RestoreTargetInUse(BackupError):
    """目标不是空的 | The target is not empty"""


class RestoreDiffers(BackupError):
    """恢复的结果与备份不一致 | What was restored is not what was backed up"""
