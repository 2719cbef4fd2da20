"""After review: change what a report recommends, watch it, undo it, measure again (`apply`, `rollback`, `verify`).

`reports` and `plan` look and refuse; `carry_out` writes; `rollback` goes back by the record; `verify` compares before
with after. Everything that this package touches comes in as a `Machine`, so that tests can give it another.
"""
