"""Synthetic Chinese households as five departments would list them, with the persons who are easily taken for one another.

    python -m benchmarks.identity_people OUT.csv [--persons 100000] [--seed 1] [--surnames surnames.csv] [--same-day 0.05]

Writes OUT.csv (id,name,sex,birth_date,national_id,phone,address,source) and OUT.csv.truth (id,person). All people are invented: ID numbers
of a division that does not exist, phones of a block without subscribers. Hard negatives: namesakes of one village and year, lineages that
share surname and generation character, twins, fathers and sons on one phone, tenants of one flat and one phone, women married in from
elsewhere. Departments differ in what they know and in what they get wrong.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from lunar_python import Solar

from gazetteer.codes.checksums import resident_id_check

#: shares of the registered population in per mille, from the published lists of frequent surnames; the rest of the list is even
SURNAMES = {
    "王": 72, "李": 71, "张": 68, "刘": 54, "陈": 46, "杨": 31, "黄": 22, "赵": 21, "吴": 20, "周": 20, "徐": 15, "孙": 15, "马": 13, "朱": 13,
    "胡": 12, "郭": 12, "何": 11, "林": 11, "罗": 10, "高": 10, "梁": 9, "郑": 9, "谢": 8, "宋": 8, "唐": 7, "许": 7, "韩": 7, "邓": 6,
    "冯": 6, "曹": 6, "彭": 6, "曾": 6, "肖": 6, "田": 5, "董": 5, "潘": 5, "袁": 5, "蔡": 5, "蒋": 5, "余": 5, "于": 5, "杜": 5, "叶": 5,
    "程": 4, "魏": 4, "苏": 4, "吕": 4, "丁": 4, "任": 4, "卢": 4, "姚": 4, "沈": 4, "钟": 4, "姜": 4, "崔": 4, "谭": 4, "陆": 4, "范": 4,
    "单": 1, "仇": 1, "解": 1, "查": 1, "欧阳": 1, "司徒": 1, "尉迟": 1, "上官": 1,
}  # fmt: skip
MALE = "伟强磊军洋勇杰涛明超平刚辉鹏华飞鑫波斌宇浩凯健俊帆志建国文东海林峰龙成康星光天达安岩中茂进有坚和彪博诚先敬震振壮会思群豪心邦承乐绍功松善厚庆"
FEMALE = "芳娜敏静丽娟艳玲秀英霞燕红梅琳丹萍玉桂兰凤洁云莲真环雪荣爱妹香月莺媛瑞凡佳嘉琼勤珍贞莉叶璧璐娅琦晶妍茜秋珊莎锦黛青倩婷姣婉娴瑾颖露瑶怡婵雁蓓"
GENERATION = "德世国家文明永长正天大志学金玉春成福万光兴祖宗廷朝绍"
#: characters that are written for one another: same sound or nearly the same shape
CONFUSED = {"伟": "炜", "华": "花", "军": "君", "明": "名", "志": "智", "平": "萍", "芳": "方", "丽": "莉", "艳": "燕", "玲": "灵", "英": "瑛",
            "红": "虹", "娟": "涓", "秀": "绣", "国": "围", "建": "健", "文": "雯", "杰": "洁", "强": "墙", "辉": "晖", "峰": "锋", "琳": "林"}  # fmt: skip
VILLAGES = [
    "大坪",
    "上溪",
    "下溪",
    "石桥",
    "东岭",
    "西岭",
    "南湾",
    "北湾",
    "枫林",
    "竹园",
    "清泉",
    "白沙",
    "红岩",
    "青山",
    "龙潭",
    "虎岗",
    "凤凰",
    "双井",
    "三河",
    "五里",
    "新塘",
    "老屋",
    "古渡",
    "太平",
    "永安",
]


@dataclass(frozen=True)
class Person:
    number: int
    name: str
    male: bool
    birth: dt.date
    national_id: str
    phone: str
    address: str
    former_address: str = ""


def checked(body: str) -> str:
    """Seventeen digits with their check character."""
    return body + resident_id_check(body)


class County:
    def __init__(self, persons: int, seed: int, surnames: dict[str, float], same_day: float) -> None:
        self.rng = np.random.default_rng(seed)
        self.surnames = list(surnames)
        weights = np.array(list(surnames.values()), float)
        self.shares = weights / weights.sum()
        self.people: list[Person] = []
        self.serial: dict[str, int] = {}
        self.wanted = persons
        self.same_day = same_day

    def pick(self, values: str | list[str]) -> str:
        return values[int(self.rng.integers(len(values)))]

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def surname(self) -> str:
        return self.surnames[int(self.rng.choice(len(self.surnames), p=self.shares))]

    def given(self, male: bool, generation: str = "") -> str:
        pool = MALE if male else FEMALE
        if generation:
            return generation + self.pick(pool)
        return self.pick(pool) if self.chance(0.25) else self.pick(pool) + self.pick(pool)

    def birth(self, low: int, high: int) -> dt.date:
        day = dt.date(low, 1, 1) + dt.timedelta(days=int(self.rng.integers((high - low + 1) * 365)))
        return day.replace(month=1, day=1) if self.chance(0.004) else day

    def number(self, birth: dt.date, male: bool) -> str:
        body = f"9901{int(self.rng.integers(20, 29)):02d}{birth:%Y%m%d}"
        at = self.serial.get(body, int(self.rng.integers(40)))
        self.serial[body] = at + 1
        return checked(f"{body}{(at * 2 + male) % 1000:03d}")

    def phone(self) -> str:
        return f"154{int(self.rng.integers(100_000_000)):08d}"

    def add(self, name: str, male: bool, birth: dt.date, phone: str, address: str, former: str = "") -> Person:
        person = Person(len(self.people), name, male, birth, self.number(birth, male), phone, address, former)
        self.people.append(person)
        return person

    def household(self, address: str, surname: str, generations: str) -> None:
        phone, base = self.phone(), int(self.rng.integers(1935, 1998))
        head = self.add(
            surname + self.given(True, generations[0] if self.chance(0.6) else ""),
            True,
            self.birth(base, base + 1),
            phone,
            address,
        )
        if self.chance(0.85):
            former = (
                "枫桥镇" + self.pick(VILLAGES) + "村" + f"{int(self.rng.integers(1, 300))}号"
                if self.chance(0.3)
                else ""
            )
            self.add(
                self.surname() + self.given(False),
                False,
                self.birth(base, base + 5),
                phone if self.chance(0.5) else self.phone(),
                address,
                former,
            )
        for _ in range(int(self.rng.choice([0, 1, 2, 3], p=[0.25, 0.4, 0.27, 0.08]))):
            male, born = self.chance(0.52), self.birth(base + 22, base + 34)
            given = self.given(male, generations[1] if self.chance(0.5) else "")
            if self.chance(0.05) and male:
                given = head.name[len(surname) :][:1] + self.pick(MALE)  # the father's first character
            shared = phone if self.chance(0.6) else self.phone()
            self.add(surname + given, male, born, shared, address)
            if self.chance(0.02):  # a twin: all alike but one character, often the sex as well
                twin_male = male if self.chance(0.7) else not male
                pool = [character for character in (MALE if twin_male else FEMALE) if given[:1] + character != given]
                self.add(surname + given[:1] + self.pick(pool), twin_male, born, shared, address)

    def flat_of_tenants(self, address: str) -> None:
        phone = self.phone()
        for _ in range(int(self.rng.integers(3, 7))):
            male = self.chance(0.6)
            self.add(self.surname() + self.given(male), male, self.birth(1975, 2004), phone, address)

    def fill(self) -> None:
        villages = max(4, self.wanted // 1_500)
        village = 0
        while len(self.people) < self.wanted:
            name = f"{self.pick(['枫桥镇', '临江镇', '云溪乡', '长乐镇'])}{VILLAGES[village % len(VILLAGES)]}{village // len(VILLAGES) or ''}村"
            lineages = [(self.surname(), self.pick(GENERATION) + self.pick(GENERATION)) for _ in range(4)]
            start = len(self.people)
            while len(self.people) - start < self.wanted / villages and len(self.people) < self.wanted:
                if self.chance(0.05):
                    building = f"{int(self.rng.integers(1, 30))}幢{int(self.rng.integers(1, 4))}单元{int(self.rng.integers(1, 19))}0{int(self.rng.integers(1, 5))}室"
                    self.flat_of_tenants(f"{name[:3]}人民路{int(self.rng.integers(1, 400))}号{building}")
                    continue
                surname, generations = (
                    lineages[int(self.rng.integers(4))]
                    if self.chance(0.7)
                    else (self.surname(), self.pick(GENERATION) * 2)
                )
                group, door = int(self.rng.integers(1, 12)), int(self.rng.integers(1, 260))
                self.household(f"{name}{group}组{door}号", surname, generations)
            self.namesakes(start, name)
            village += 1

    def namesakes(self, start: int, village: str) -> None:
        """In every village some who share name and year of birth, ``same_day`` of them the day as well, none the household."""
        for person in list(self.people[start:]):
            if not self.chance(0.004):
                continue
            born = person.birth if self.chance(self.same_day) else self.birth(person.birth.year, person.birth.year)
            self.add(
                person.name,
                person.male,
                born,
                self.phone(),
                f"{village}{int(self.rng.integers(1, 12))}组{int(self.rng.integers(1, 260))}号",
            )

    # --- what departments write -----------------------------------------------------------------------------------------

    def written_id(self, number: str) -> str:
        roll = self.rng.random()
        if roll < 0.02:
            return f"{int(number[:17] + '0'):.2E}".replace("E+", "E+")  # rounded by a spreadsheet: lost
        if roll < 0.05:
            return number.lower()
        if roll < 0.08:
            return "'" + number
        if roll < 0.11:
            return f"{number[:6]} {number[6:14]} {number[14:]}"
        if roll < 0.12 and number[6:8] == "19":
            return number[:6] + number[8:17]  # the old fifteen digits
        if roll < 0.128:
            at = int(self.rng.integers(6, 18))
            return number[:at] + str(int(self.rng.integers(10))) + number[at + 1 :]
        if roll < 0.132:
            at = int(self.rng.integers(6, 16))
            return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
        return number

    def written_birth(self, day: dt.date, care: float) -> str:
        roll = self.rng.random() * care
        if roll < 0.01 and day.day <= 12:
            day = day.replace(month=day.day, day=min(day.month, 28))
        elif roll < 0.025:
            lunar = Solar.fromYmd(day.year, day.month, day.day).getLunar()
            return f"{lunar.getYear()}-{abs(lunar.getMonth()):02d}-{lunar.getDay():02d}"
        elif roll < 0.035:
            text = f"{day:%Y%m%d}"
            at = int(self.rng.integers(2, 8))
            return text[:at] + str(int(self.rng.integers(10))) + text[at + 1 :]
        elif roll < 0.045:
            return f"{day.year}"
        return [
            f"{day:%Y-%m-%d}",
            f"{day:%Y%m%d}",
            f"{day.year}.{day.month}.{day.day}",
            f"{day.year}年{day.month}月{day.day}日",
        ][int(self.rng.integers(4))]

    def written_name(self, name: str, care: float) -> str:
        roll = self.rng.random() * care
        if roll < 0.015:
            for old, new in CONFUSED.items():
                if old in name[1:]:
                    return name[:1] + name[1:].replace(old, new, 1)
        elif roll < 0.02:
            return f"{name[:1]} {name[1:]}"
        elif roll < 0.023 and len(name) == 3:
            return name[0] + name[2] + name[1]
        return name

    def written_address(self, person: Person) -> str:
        address = person.former_address if person.former_address and self.chance(0.5) else person.address
        roll = self.rng.random()
        if roll < 0.1:
            address = address.split("镇", 1)[-1].split("乡", 1)[-1]
        elif roll < 0.2:
            address = "某县" + address
        elif roll < 0.25:
            address = address.replace("幢", "栋").replace("号", "")
        elif roll < 0.28:
            address = address.split("村")[0] + ("村" if "村" in address else "")
        return address

    def records(self) -> Iterator[tuple[int, dict[str, str]]]:
        #: department: share of the persons it lists, share of them with number, birth date, phone, address; how careless it is
        departments = {
            "公安": (0.97, 0.99, 1.0, 0.3, 1.0, 4.0),
            "卫健": (0.7, 0.85, 0.97, 0.8, 0.8, 1.0),
            "民政": (0.15, 0.9, 0.95, 0.6, 0.9, 1.0),
            "网格": (0.8, 0.35, 0.9, 0.9, 0.97, 0.7),
            "人社": (0.4, 0.92, 0.9, 0.5, 0.3, 1.0),
        }
        for person in self.people:
            for department, (listed, with_id, with_birth, with_phone, with_address, care) in departments.items():
                if not self.chance(listed):
                    continue
                changed = replace(person, phone=self.phone()) if self.chance(0.08) else person
                sex = ("男" if person.male else "女") if not self.chance(0.003) else ("女" if person.male else "男")
                yield (
                    person.number,
                    {
                        "name": self.written_name(person.name, care),
                        "sex": [sex, "1" if sex == "男" else "2", "", sex + "性"][
                            int(self.rng.choice(4, p=[0.7, 0.15, 0.1, 0.05]))
                        ],
                        "birth_date": self.written_birth(person.birth, care) if self.chance(with_birth) else "",
                        "national_id": self.written_id(person.national_id) if self.chance(with_id) else "",
                        "phone": changed.phone if self.chance(with_phone) else "",
                        "address": self.written_address(person) if self.chance(with_address) else "",
                        "source": department,
                    },
                )


def write(
    path: Path, persons: int, seed: int = 1, surnames: dict[str, float] | None = None, same_day: float = 0.0
) -> int:
    """Records of ``persons`` invented persons (and a few more namesakes) as CSV, the truth beside it; how many records."""
    county = County(persons, seed, dict(surnames or SURNAMES), same_day)
    county.fill()
    rows = list(county.records())
    order = county.rng.permutation(len(rows))
    with (
        path.open("w", encoding="utf-8", newline="") as out,
        path.with_name(path.name + ".truth").open("w", encoding="utf-8") as truth,
    ):
        writer = csv.DictWriter(out, ["id", *rows[0][1]])
        writer.writeheader()
        truth.write("id,person\n")
        for number, at in enumerate(order.tolist()):
            person, row = rows[at]
            writer.writerow({"id": number, **row})
            truth.write(f"{number},{person}\n")
    return len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--persons", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--surnames", type=Path, help="CSV: surname,weight")
    parser.add_argument("--same-day", type=float, default=0.0, help="share of the namesakes who were born on one day")
    given = parser.parse_args()
    surnames = (
        {row["surname"]: float(row["weight"]) for row in csv.DictReader(given.surnames.open(encoding="utf-8"))}
        if given.surnames
        else None
    )
    print(write(given.out, given.persons, given.seed, surnames, given.same_day), "records")


if __name__ == "__main__":
    main()
