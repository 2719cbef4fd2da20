"""Joining the C files by what they include, and what they say of themselves."""

from __future__ import annotations

import re
from pathlib import Path

from diagnose import resources
from diagnose.measure.bpf.source import battery, joined


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def test_a_file_comes_once_and_behind_those_that_it_includes(tmp_path: Path) -> None:
    made = written(
        tmp_path,
        a__c='#include "z.c"\n#include "common.h"\nint a;\n',
        b__c='#include "z.c"\nint b;\n',
        z__c='#include "common.h"\nint z;\n',
        common__h="#include <linux/types.h>\n",
    )
    assert joined(made).text.split("\n") == [
        *('#line 1 "common.h"', "#include <linux/types.h>", ""),
        *('#line 1 "z.c"', "", "int z;", ""),
        *('#line 1 "a.c"', "", "", "int a;", ""),
        *('#line 1 "b.c"', "", "int b;", ""),
        "",
    ]


def test_what_files_say_of_themselves_is_read_once_each(tmp_path: Path) -> None:
    made = written(
        tmp_path,
        a__c="NEEDS(file.f_pos, folio.flags | page.flags)\nMAY_USE(io_kiocb.opcode)\nLOSES(a_full, b_full)\n",
        b__c="NEEDS(file.f_pos,\n      inode.i_ino)\nFIELDS(writeback:balance_dirty_pages.pause)\nON_STACK(shrink)\n",
        common__h="#define NEEDS(...)\n",
    )
    found = joined(made)
    assert found.needs == ("file.f_pos", "folio.flags|page.flags", "inode.i_ino")
    assert found.may_use == ("io_kiocb.opcode",)
    assert found.fields == ("writeback:balance_dirty_pages.pause",)
    assert found.on_stack == ("shrink",)
    assert found.loses == ("a_full", "b_full")


def test_the_battery_holds_every_file_once_with_its_own_line_numbers() -> None:
    text = battery().text
    names = {path.name for path in resources.folder("bpf").glob("*.c")} | {"common.h"}
    found = re.findall(r'^#line 1 "(.+)"$', text, re.MULTILINE)
    assert (len(found), set(found)) == (len(names), names)
    assert text.startswith('#line 1 "common.h"\n')


def test_every_loss_that_is_counted_is_declared_and_the_other_way_round() -> None:
    source = battery()
    assert set(re.findall(r"\bLOST_([a-z]\w+)", source.text)) == set(source.loses)
