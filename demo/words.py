"""Syllables for invented names. Surnames are words that are no surnames, so that nobody can be meant."""

from __future__ import annotations

import numpy as np

PROVINCE = "演示省"
CITY = "演示市"
COUNTY = "云溪县"
COUNTY_CODE = "339901"  # not assigned to any county
COUNTY_SHOWN = "云溪县（演示）"

SURNAMES = tuple("溪岚渡埠汀苇穗笋菱砚笛帆橹檐瓦砖篱藤萝菇杉棕榈枫棠蓼荻菖")
GIVEN_FIRST = tuple("晨暮朝晴雨雪霜露虹霞岭泉石松柏青碧清明和安宁静远恒守立开延承启知若予可")
GIVEN_LAST = tuple("禾谷麦豆粟桥舟灯窗瓶伞扇笔纸书琴鼓钟铃钥巷阶亭台阁廊屏帘席垫篮筐")

TOWN_FIRST = tuple("白青翠丹玉银碧紫墨霁")
TOWN_LAST = tuple("渚坞崦湾滩岩泽浦岗原")
VILLAGE_FIRST = tuple("上下前后东西南北里外新老大小高长清石竹松茶桑梅桂荷柳枫樟栗杏")
VILLAGE_LAST = tuple("塘坞墩埭浜漾圩坪埂堰渡亭井岭坑湾畈垄墅岸")
COMMUNITY_FIRST = tuple("云溪晴朗和悦安宁新晨锦绣丰乐明澄")
COMMUNITY_LAST = tuple("苑园里庭洲汇港门台阳")
ROAD_FIRST = tuple("云溪晴岚松竹荷桂枫樟翠碧锦绣丰乐晨曦银霞虹霁泉石")
ROAD_LAST = tuple("溪山林泉谷原湖塘桥亭台岭源潮帆舟")
ROAD_KINDS = ("路", "路", "路", "街", "巷", "大道")
COMPOUND_LAST = ("苑", "花园", "小区", "新村", "公寓", "家园")

UNIT_TRADES = (
    ("便民超市", "个体工商户"),
    ("粮油店", "个体工商户"),
    ("理发店", "个体工商户"),
    ("五金商行", "个体工商户"),
    ("小吃店", "个体工商户"),
    ("药房", "个体工商户"),
    ("茶业有限公司", "企业"),
    ("竹制品有限公司", "企业"),
    ("机械有限公司", "企业"),
    ("物流有限公司", "企业"),
    ("农产品专业合作社", "农民专业合作社"),
    ("幼儿园", "事业单位"),
)
EVENT_KINDS = (
    ("噪音扰民", "反映{place}夜间噪音扰民"),
    ("邻里纠纷", "{place}邻里纠纷，请求调解"),
    ("市容环境", "{place}垃圾堆放未清运"),
    ("道路设施", "{place}附近路面破损"),
    ("供水供电", "{place}停水停电咨询"),
    ("违章停车", "{place}门口违章停车"),
    ("消费纠纷", "{place}消费纠纷投诉"),
    ("安全隐患", "{place}消防通道堵塞"),
)
SURGE_KIND = "安全隐患"
FACILITY_KINDS = ("路灯", "消火栓", "监控", "井盖", "垃圾箱", "公告栏")
PUBLIC_KINDS = ("健身点", "公共厕所", "充电桩", "避灾点")
VISIT_NOTES = (
    "情况正常",
    "老人身体尚可，已提醒防诈骗",
    "屋内电线老化，建议更换",
    "家中无人，已留联系卡",
    "核对人口信息，无变化",
    "反映门前路灯不亮，已上报",
)

SYNTHETIC_NOTE = """合成数据 / SYNTHETIC DATA

本目录全部内容由 onemap 的演示县生成器按随机种子生成。{name}（代码 {code}）不存在，代码未分配给任何县；
其中的人名、证件号码、电话、单位、地址、坐标和事件都是虚构的，与真实的人和地方无关。

Everything in this folder was generated from a random seed by onemap's demo county generator. The county does not
exist, its code is assigned to no county; every name, number, address, position and event is invented.

scale: {scale}   seed: {seed}   today: {today}
"""


def unique_names(
    rng: np.random.Generator, first: tuple[str, ...], last: tuple[str, ...], count: int, suffix: str = ""
) -> list[str]:
    """``count`` different names of two syllables (three when two are not enough)."""
    pairs = [a + b for a in first for b in last if a != b]
    if count > len(pairs):
        pairs += [a + c + b for a in first for c in last for b in last if c != b]
    return [pairs[i] + suffix for i in rng.choice(len(pairs), count, replace=False)]


def person_names(rng: np.random.Generator, surnames: np.ndarray) -> list[str]:
    """Full names: the surname (by number) and one or two given syllables."""
    count = len(surnames)
    first = rng.integers(0, len(GIVEN_FIRST), count).tolist()
    last = rng.integers(0, len(GIVEN_LAST), count).tolist()
    short = (rng.random(count) < 0.12).tolist()
    return [
        SURNAMES[s] + (GIVEN_LAST[b] if one else GIVEN_FIRST[a] + GIVEN_LAST[b])
        for s, a, b, one in zip(surnames.tolist(), first, last, short, strict=True)
    ]
