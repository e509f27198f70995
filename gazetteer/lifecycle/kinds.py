"""What can happen to an address, with the words for it."""

from __future__ import annotations

#: kind of an event → what people call it
KINDS: dict[str, str] = {
    "created": "新建",
    "imported": "导入",
    "edited": "修改",
    "reviewed": "审核",
    "published": "发布",
    "renamed": "更名",
    "renumbered": "门牌重编",
    "split": "拆分",
    "merged": "合并",
    "villages_merged": "并村",
    "moved": "移动",
    "demolished": "拆除",
    "restored": "撤回",
    "regridded": "归格",
    "left": "移出本网格",
    "deleted": "删除",
}
