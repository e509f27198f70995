"""What can go wrong with the embedded cluster."""

from database.errors import Unavailable


class ClusterError(Unavailable):
    """内置数据库出错 | The embedded database failed"""


class PostgresMissingError(ClusterError):
    """未安装 PostgreSQL 15 或更高版本 | PostgreSQL 15 or later is not installed"""


class PostgisMissingError(ClusterError):
    """未安装 PostGIS | PostGIS is not installed"""


class ClusterVersionError(ClusterError):
    """数据目录属于另一个 PostgreSQL 大版本 | The data folder belongs to another PostgreSQL major version"""


class ClusterOwnershipError(ClusterError):
    """数据目录属于其他用户 | The data folder belongs to another user"""


class ClusterInitError(ClusterError):
    """无法创建数据库 | The database could not be created"""


class ClusterStartError(ClusterError):
    """数据库无法启动 | The database did not start"""


class ClusterStopError(ClusterError):
    """数据库无法停止 | The database did not stop"""


class OwnerUrlMissingError(ClusterError):
    """缺少 ONEMAP_OWNER_DATABASE_URL | ONEMAP_OWNER_DATABASE_URL is not set"""
