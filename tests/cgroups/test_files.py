import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.cgroups import files

NUMBERS = st.integers(0, 2**63 - 1)


@pytest.mark.parametrize("text", ["", "max\n", "-1", "1 2", "１２", "9223372036854775808", "9" * 5000, "1e3"])
def test_what_is_no_number_is_none(text):
    assert files.number(text) is None


@given(NUMBERS)
def test_numbers_come_back(value):
    assert files.number(f"{value}\n") == value


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,20}", fullmatch=True), NUMBERS))
def test_keyed_files_come_back(values):
    assert files.keyed("".join(f"{key} {value}\n" for key, value in values.items())) == values


@given(NUMBERS, NUMBERS)
def test_pressure_gives_the_totals(some, full):
    text = f"some avg10=0.00 avg60=0.12 avg300=0.00 total={some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total={full}\n"
    assert files.pressure(text) == {"some": some, "full": full}


@given(st.text())
def test_no_text_makes_a_parser_fail(text):
    assert files.number(text) is None or files.number(text) >= 0
    assert all(value >= 0 for value in files.keyed(text).values())
    assert all(value >= 0 for value in files.pressure(text).values())


def test_missing_and_binary_files_are_no_error(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe 1\n")
    assert files.read(tmp_path, "missing") == ""
    assert files.keyed(files.read(tmp_path, "binary")) == {"\ufffd\ufffd": 1}
