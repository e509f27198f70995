"""Why a whole file was refused. A single bad row is not an error: see ``reasons``."""

from __future__ import annotations

from typing import Any

from database.errors import Invalid, Missing, NotAllowed, Taken


class ImportRefused(Invalid):
    """文件不能导入 | The file cannot be imported"""


class MappingInvalid(ImportRefused):
    """映射文件有误 | The mapping is wrong"""


class MappingNotFound(ImportRefused):
    """没有这个映射 | No such mapping"""


class FileUnreadable(ImportRefused):
    """文件打不开 | The file cannot be opened"""


class FileTooHeavy(ImportRefused):
    """文件展开后太大 | The file is too large when unpacked"""


class ReaderEnded(ImportRefused):
    """读取文件时中断，文件没有导入 | Reading the file broke off; nothing was imported"""


class FileEmpty(ImportRefused):
    """文件里没有数据行 | The file has no rows"""


class FileTruncated(ImportRefused):
    """文件不完整，可能只传了一半 | The file is cut off; perhaps only half of it was sent"""


class EncodingWrong(ImportRefused):
    """文件编码不对 | The encoding of the file is wrong"""


class EncodingUnknown(ImportRefused):
    """没有这种文字编码 | No such encoding"""


class ColumnMissing(ImportRefused):
    """文件缺少需要的列 | The file lacks a column that is needed"""


class ColumnTwice(ImportRefused):
    """文件里有两列同名 | Two columns of the file have the same name"""


class SheetUnclear(ImportRefused):
    """不知道读哪个工作表 | Which sheet to read is not clear"""


class ValueImpossible(ImportRefused):
    """文件里有数据库装不下的值 | The file holds a value that the database cannot"""


class CoordinateSystemUnknown(ImportRefused):
    """不知道文件用的坐标系 | The coordinate reference system of the file is not known"""


class CoordinatesWrong(ImportRefused):
    """坐标不在本县，文件被拒绝 | The coordinates are not in this county; the file is refused"""


class ConfirmationNeeded(Taken, ImportRefused):
    """文件整体可疑，未发布；核对后确认再发布 | The whole file looks odd and was not published; check it, then confirm"""

    def __init__(self, detail: str, *, report: Any = None, **facts: object) -> None:
        super().__init__(detail, **facts)
        self.report = report  # of the check that was made instead


class FileBreaksWorker(ImportRefused):
    """处理这个文件时后台程序两次中断，文件已拒绝 | The background worker ended twice over this file, which is refused"""


class RightsChanged(NotAllowed, ImportRefused):
    """上传后账号已停用或权限已变，文件没有导入 | The account was disabled or its rights changed after the upload; nothing was imported"""


class ImportCancelled(Taken, ImportRefused):
    """导入已取消，什么都没有写入 | The import was cancelled; nothing was written"""


class ImportEnded(Taken, ImportRefused):
    """导入已经结束，不能再取消 | The import has ended and cannot be cancelled"""


class ScopeTooNarrow(NotAllowed, ImportRefused):
    """导入需要全县范围的账号 | Importing needs an account for the whole county"""


class BatchNotFound(Missing):
    """没有这个导入批次 | No such import"""
