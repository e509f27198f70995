"""What each file of the folder must come to. A case is right when its test says so and nothing crashed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.faults.runs import Product, Ran

_KEYS = "SELECT count(*) FROM event WHERE source = 'demo_events' AND source_key LIKE :k"


@dataclass(frozen=True)
class Case:
    """One file, one command, and what must come. publish: the last file is really written."""

    fault: str
    files: tuple[str, ...]
    mapping: str
    right: Callable[[Ran], bool]
    publish: bool = False


def _one_of(ran: Ran, *, read: int, rejected: int) -> bool:
    counts = ran.counts
    return ran.code == 0 and counts["read"] == read and counts["rejected"] == rejected


def _event(ran: Ran, key: str, what: str) -> str:
    return str(ran.look(f"SELECT {what} FROM event WHERE source_key = :k", k=key))


def _refused_or(ran: Ran, other: bool, *words: str) -> bool:
    return ran.refused(*words) or other


IMPORTS = (
    Case("F01", ("k1_empty_key.csv", "k2_empty_key.csv"), "demo_events",
         lambda r: _one_of(r, read=2, rejected=1) and not r.look(_KEYS, k="#%"), publish=True),
    Case("F01", ("x03_formula_uncached.xlsx",), "demo_events", lambda r: r.counts["rejected"] >= 1 or r.code != 0, publish=True),
    Case("F02", ("c07b_nul_key.csv",), "demo_events", lambda r: r.code == 0 and r.counts["read"] == 2),
    Case("F02", ("c07c_nul_extra.csv",), "demo_events", lambda r: r.code == 0 and r.counts["read"] == 1),
    Case("F03", ("x11_long_number.xlsx",), "demo_events", lambda r: r.counts["rejected"] >= 1),
    Case("F04", ("x30_long_extra.xlsx",), "demo_events", lambda r: _one_of(r, read=1, rejected=0) or r.counts["rejected"] == 1),
    Case("F05", ("c03_dup_header.csv",), "demo_events", lambda r: r.refused("标题"), publish=True),
    Case("F05", ("x60_dup_time.xlsx",), "demo_events", lambda r: r.refused("发生时间"), publish=True),
    Case("F06", ("p13_srs_minus1.gpkg",), "m_placefw.toml", lambda r: r.refused("坐标系")),
    Case("F06", ("p13_srs_minus1.gpkg",), "m_place4490.toml", lambda r: r.code == 0 and r.counts["added"] + r.counts["unchanged"] > 0),
    Case("F07", ("p02_gc.gpkg",), "m_place.toml", lambda r: r.code == 0 and r.counts["rejected"] == 2),
    Case("F08", ("g20b_intkey_null.geojson",), "m_fac.toml", lambda r: _one_of(r, read=3, rejected=1)),
    Case("F08", ("g10_bigint.geojson",), "m_fac.toml",
         lambda r: r.code == 0 and not r.look("SELECT count(*) FROM facility WHERE source_key ~ '[.e]'"), publish=True),
    Case("F09", ("s06_noprj.shp",), "m_place.toml", lambda r: r.refused("坐标系"), publish=True),
    Case("F10", ("s11_altprj.shp",), "m_place4549.toml", lambda r: r.code == 0 and r.counts["added"] > 0),
    Case("F11", ("s15_bj54.shp",), "m_place.toml", lambda r: r.refused("北京54|1954|Beijing")),
    Case("F11", ("s14_xian80.shp",), "m_place.toml", lambda r: r.refused("西安80|1980|Xian")),
    Case("F12", ("z06_ascii_folder.zip",), "m_place.toml", lambda r: r.code == 0 or r.refused("文件夹|目录")),
    Case("F13", ("s07_cutname.shp",), "m_place.toml", lambda r: r.code == 0 and r.counts["added"] > 0),
    Case("F13", ("s07b_cutname_nocpg.shp",), "m_place.toml", lambda r: r.code == 0 and r.counts["added"] > 0),
    Case("F14", ("n00_int.geojson",), "m_cell.toml", lambda r: r.code == 0 and r.counts["rejected"] >= 1),
    Case("F14", ("n01_int.geojson",), "m_cell.toml", lambda r: r.code == 0 and r.counts["rejected"] >= 1),
    Case("F14", ("c30_long_key.csv",), "demo_events", lambda r: r.code == 0 and r.counts["rejected"] >= 1),
    Case("F15", ("c01_double_bom.csv",), "demo_events", lambda r: _one_of(r, read=1, rejected=0)),
    Case("F15", ("c11_zwsp_header.csv",), "demo_events", lambda r: _one_of(r, read=1, rejected=0)),
    Case("F16", ("c10_sci_key.csv",), "demo_events", lambda r: _one_of(r, read=3, rejected=3), publish=True),
    Case("F17", ("x04_two_sheets.xlsx",), "demo_events", lambda r: _refused_or(r, r.counts["read"] == 3, "工作表")),
    Case("F17", ("x05_first_hidden.xlsx",), "demo_events",
         lambda r: r.refused("隐藏|工作表") or (_event(r, "X005OLD", "count(*)"), _event(r, "X005NEW", "count(*)")) == ("0", "1"),
         publish=True),
    Case("F18", ("x02_errors.xlsx",), "demo_events",
         lambda r: (r.counts["rejected"] >= 2 or r.says("错误值|error")) and not r.look(_KEYS, k="#%"), publish=True),
    Case("F19", ("x24_encrypted.xlsx",), "demo_events", lambda r: r.refused("密码")),
    Case("F19", ("x20_html.xls",), "demo_events", lambda r: r.refused("HTML|网页")),
    Case("F19", ("c44_backslash_quote.csv",), "demo_events", lambda r: (r.refused("引号") and r.says("1|2")) or r.counts["rejected"] >= 1),
    Case("F20", ("c60_bad_byte_line10.csv",), "demo_events", lambda r: r.refused("10")),
    Case("F21", ("x46_beyond_header.xlsx",), "demo_events", lambda r: r.counts["rejected"] >= 1 or r.says("表头|header"), publish=True),
    Case("F22", ("x48_first_row_blank.xlsx",), "demo_events", lambda r: r.counts["added"] > 0 or r.refused("表头")),
    Case("F22", ("x49_offset_table.xlsx",), "demo_events", lambda r: r.counts["added"] > 0 or r.refused("表头")),
    Case("F23", ("c02_comma_rows.csv",), "demo_events", lambda r: r.code == 0 and r.counts["added"] == 1 and r.counts["rejected"] == 0),
    Case("F24", ("c13_nan.csv",), "demo_events", lambda r: r.code == 0 and not r.look(_KEYS, k="T013C"), publish=True),
    Case("F25", ("g21_list.geojson",), "m_fac.toml",
         lambda r: bool(r.look("SELECT count(*) FROM facility WHERE attributes::text LIKE '%[\"甲\", \"乙\"]%'")), publish=True),
    Case("F26", ("t01_z.geojson",), "m_ev.toml",
         lambda r: sorted(r.look("SELECT array_agg(to_char(occurred_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI')) FROM event "
                                 "WHERE source = 't2_ev' AND occurred_at::date < '2026-06-02'") or []) == ["08:31", "18:00"], publish=True),
    Case("F26", ("t63_minus5.geojson",), "m_ev.toml",
         lambda r: r.look("SELECT bool_or(occurred_at = '2026-06-02 12:30+08') FROM event WHERE source = 't2_ev'"), publish=True),
)  # fmt: skip

#: Row of addresses_match.csv → what may come: (fault, the end of a standard address or "" for no link at all, classes).
MATCHES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("F27", ("泉湖街21号", ""), "ABC无多"),
    ("F27", ("泉湖街101号", ""), "ABC无多"),
    ("F27", ("泉湖街23号", ""), "ABC无多"),
    ("F27", ("泉湖街11号", ""), "ABC无多"),
    ("F29", ("泉湖街7号",), "AB"),
    ("F28", ("泉湖街7号", "泉湖街9号", ""), "C多无"),
    ("F28", ("泉湖街7号", "泉湖街9号", ""), "C多无"),
    ("F28", ("泉湖街7号", "泉湖街7号甲", ""), "C多无"),
    ("F30", ("青渚乡西堰村1组12号",), "A"),
    ("F31", ("泉湖街7号1幢1单元102室",), "A"),
    ("F31", ("泉湖街7号1幢1单元102室",), "A"),
    ("F31", ("泉湖街7号1幢1单元102室",), "A"),
    ("F32", ("泉湖街7号1幢1单元102室",), "AB"),
    ("F33", ("泉湖街7号1幢1单元102室",), "AB"),
    ("F33", ("泉湖街7号1幢1单元102室",), "AB"),
)  # fmt: skip

#: Text → (label, part) that its parse must hold.
PARSES = (
    ("内蒙古自治区通辽市科尔沁左翼后旗", (("district", "科尔沁左翼后旗"),)),
    ("四川省成都市武侯区晋阳路17号2-1-14-1401号", (("cellno", "1"), ("floorno", "14"))),
    ("青海西宁", (("prov", "青海"),)),
)

#: File → (kind, lon, lat, what the value there may be; None is "no data", "refused" a file not taken, "shown" a picture with opaque pixels).
RASTERS: tuple[tuple[str, str, str, float, float, tuple[object, ...]], ...] = (
    ("F35", "r01_dem_mask.tif", "dem", 120.016, 30.555, (None,)),
    ("F35", "r45_dem_alpha.tif", "dem", 120.016, 30.555, (None,)),
    ("F35", "r40_lc_int64.tif", "land_cover", 120.02025, 30.544, (9.0,)),
    ("F35", "r49_img_float01.tif", "imagery", 120.02, 30.55, ("shown", "refused")),
    ("F35", "r14c_m9999_untagged.tif", "dem", 120.016, 30.555, (None, "refused")),
    ("F35", "r14b_srtm_void.tif", "dem", 120.016, 30.555, (None, "refused")),
    ("F35", "r13_esri_nodata.tif", "dem", 120.016, 30.555, (None, "refused")),
)


def judge(case: Case, product: Product) -> tuple[bool, Ran]:
    """Run a case's files in order; the last answer is judged."""
    ran = Ran(0, "")
    for name in case.files:
        ran = product.imported(name, case.mapping, publish=case.publish)
        if ran.crashed:
            return False, ran
    return bool(case.right(ran)), ran
