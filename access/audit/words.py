"""The acts of the audit trails in Chinese, one row an act. A test fails when an act is recorded that has no words."""

from __future__ import annotations

ACTIONS: dict[str, str] = {
    # accounts and signing in
    "sign_in": "登录",
    "sign_out": "退出登录",
    "account_create": "新建账号",
    "account_grant": "授予角色和范围",
    "account_disable": "停用账号",
    "account_enable": "启用账号",
    "account_unlock": "解除登录等待",
    "password_change": "修改密码",
    "password_reset": "重置密码",
    "second_factor_begin": "开始设置双因素",
    "second_factor_confirm": "启用双因素",
    "second_factor_remove": "停用双因素",
    "second_factor_reset": "重置双因素",
    "recovery_codes": "更换恢复码",
    "session_end": "结束一处登录",
    "sessions_end": "结束全部登录",
    "token_create": "签发令牌",
    "token_revoke": "停用令牌",
    "tokens_revoke": "停用全部令牌",
    # persons, households, alerts
    "find_person": "查找人员",
    "find_household": "查找住户",
    "reveal": "查看完整号码",
    "view_household": "查看住户",
    "record_visit": "记录走访",
    "scan_plate": "扫描门牌",
    "list_flooded": "查看受淹住户",
    "list_alerts": "浏览预警列表",
    "view_alert": "查看预警",
    "alert_step": "处理预警",
    "map_alert": "打开预警地图",
    "map_alerts": "打开预警总图",
    "read_changes": "浏览异动",
    "read_features": "读取要素",
    # the installation
    "backup": "备份",
    "restore": "恢复备份",
    # files
    "import": "发布导入",
    "check_import": "检查导入",
    "cancel_import": "取消导入",
    "check_numbers": "比对证件号码",
    "view_import": "查看导入报告",
    "export_rejects": "下载退回行",
    "export_match": "下载匹配结果",
    "export_tiles": "导出离线地图",
    "remove_match_job": "删除匹配任务",
    "add_raster": "添加栅格",
    "remove_raster": "删除栅格",
    "draw_contours": "绘制等高线",
    # addresses and codes
    "view_address": "查看地址",
    "view_address_history": "查看地址沿革",
    "read_address_changes": "浏览地址变更",
    "prepare_change_set": "准备变更集",
    "change_set_step": "处理变更集",
    "roll_back": "撤回操作",
    "create_feature": "新增要素",
    "change_feature": "修改要素",
    "end_feature": "停用要素",
    "decide_review": "地址复核",
    "take_correction": "领取待定地址",
    "decide_correction": "判定待定地址",
    "decide_corrections_alike": "批量判定待定地址",
    "undo_corrections": "撤回批量判定",
    "collect_corrections": "收集待定地址",
    "ignore_finding": "忽略质量问题",
    "quality_fix": "修正质量问题",
    "quality_fix_revert": "撤回质量修正",
    "set_service_point": "设置服务点",
    "issue_plates": "批量签发门牌",
    "issue_plate_token": "签发门牌",
    "revoke_plate_token": "停用门牌",
    "issue_place_code": "签发场所码",
    "revoke_place_code": "停用场所码",
    # the trail itself
    "read_audit": "查看审计",
    "read_audit_head": "查看审计链头",
    "read_audit_summary": "查看审计汇总",
    "export_audit": "导出审计",
}
#: What may stand behind an act: why it was not taken.
ENDINGS = {"_second_factor": "（双因素不符）", "_paused": "（等待中）"}


def action_words(action: str) -> str:
    """The words of an act; what this release does not know stays as it is."""
    for ending, words in ENDINGS.items():
        if action.endswith(ending) and action.removesuffix(ending) in ACTIONS:
            return ACTIONS[action.removesuffix(ending)] + words
    return ACTIONS.get(action, action)
