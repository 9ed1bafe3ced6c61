"""Rows of published tables, in percent, beside which a table of ours is printed.

None was made here. Read at second hand: AFAS is RizhaoCai/Awesome-FAS, commit 50420c9
(Benchmarks/*.md); WIZWAND the result page of that name. Rows known from memory alone are left out.
Check a figure against its paper before you quote it.
"""

from typing import NamedTuple

AFAS, WIZWAND = "Awesome-FAS", "wizwand"


class Row(NamedTuple):
    method: str
    figures: tuple  # texts, of the table's columns; "-": not read
    source: str


RATES = ("APCER", "BPCER", "ACER")
COLUMNS = {
    "oulu": RATES,
    "siw": RATES,
    "dmad": RATES,
    "cross": ("HTER",),
    "casia": ("HTER",),
    "replay": ("HTER",),
}


def row(method, text, source=AFAS):
    return Row(method, tuple(text.split()), source)


TABLES = {
    ("oulu", "1"): (
        row("Auxiliary", "1.6 1.6 1.6"),
        row("De-Spoofing", "1.2 1.7 1.5"),
        row("FAS-TD", "- - 1.3", WIZWAND),
        row("FAS-SGTD", "2.0 0.0 1.0"),
        row("CDCN", "0.4 1.7 1.0"),
        row("CDCN++", "0.4 0.0 0.2"),
    ),
    ("oulu", "2"): (
        row("Auxiliary", "2.7 2.7 2.7"),
        row("De-Spoofing", "4.2 4.4 4.3"),
        row("FAS-TD", "1.7 - -", WIZWAND),
        row("FAS-SGTD", "2.5 1.3 1.9"),
        row("CDCN", "1.5 1.4 1.5"),
        row("CDCN++", "1.8 0.8 1.3"),
    ),
    ("oulu", "3"): (
        row("Auxiliary", "2.7±1.3 3.1±1.7 2.9±1.5"),
        row("De-Spoofing", "4.0±1.8 3.8±1.2 3.6±1.6"),
        row("FAS-SGTD", "3.2±2.0 2.2±1.4 2.7±0.9"),
        row("CDCN", "2.4±1.3 2.2±2.0 2.3±1.4"),
        row("CDCN++", "1.7±1.5 2.0±1.2 1.8±0.7"),
    ),
    ("oulu", "4"): (
        row("Auxiliary", "9.3±5.6 10.4±6.0 9.5±6.0"),
        row("De-Spoofing", "5.1±6.3 6.1±5.1 5.6±5.7"),
        row("FAS-SGTD", "6.7±7.5 3.3±4.1 5.0±2.2"),
        row("CDCN", "4.6±4.6 9.2±8.0 6.9±2.9"),
        row("CDCN++", "4.2±3.4 5.8±4.9 5.0±2.9"),
    ),
    ("siw", "1"): (
        row("Auxiliary", "- - 3.58"),
        row("FAS-TD", "- - 0.73", WIZWAND),
        row("FAS-SGTD", "0.64 0.17 0.40"),
        row("CDCN", "0.07 0.17 0.12"),
        row("CDCN++", "0.07 0.17 0.12"),
    ),
    ("siw", "2"): (
        row("Auxiliary", "- - 0.57±0.69"),
        row("FAS-SGTD", "0.00±0.00 0.04±0.08 0.02±0.04"),
        row("CDCN", "0.00 0.13±0.09 0.06±0.04"),
        row("CDCN++", "0.00 0.09±0.10 0.04±0.05"),
    ),
    ("siw", "3"): (
        row("Auxiliary", "- - 8.31±3.81"),
        row("FAS-SGTD", "2.63±3.72 2.92±3.42 2.78±3.57"),
        row("CDCN", "1.67±0.11 1.76±0.12 1.71±0.11"),
        row("CDCN++", "1.97±0.33 1.77±0.10 1.90±0.15"),
    ),
    ("cross", "casia->replay"): (
        row("Auxiliary", "27.6"),
        row("De-Spoofing", "28.5"),
        row("FAS-TD", "17.5", WIZWAND),
        row("FAS-SGTD", "17.0"),
        row("CDCN", "15.5"),
        row("CDCN++", "6.5"),
    ),
    ("cross", "replay->casia"): (
        row("Auxiliary", "28.4"),
        row("De-Spoofing", "41.1"),
        row("FAS-TD", "24.0", WIZWAND),
        row("FAS-SGTD", "22.8"),
        row("CDCN", "32.6"),
        row("CDCN++", "29.8"),
    ),
}
