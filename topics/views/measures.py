"""What is measured of a topic, in words, and the page of a cluster's prices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from governance import units
from governance.errors import Invalid, NotFound
from governance.forms import refuse
from governance.permissions import Action, demand
from governance.views import carried
from governance.views.pages import PageRequest, go, page, show
from topics import cost, queries
from topics.forms import PriceForm
from topics.measures.known import prices_of
from topics.measures.model import MeasureRound, PriceBook
from topics.measures.report import Report
from topics.measures.values import Reader, age_in_words
from topics.models import Cluster
from topics.profiles import table as profiles
from topics.services import prices as service
from topics.services.prices import PRICES
from topics.views.words import Shown

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """A group as the page prints it."""

    reader: Reader
    lag: str
    behind: Shown
    unread: Shown
    behind_at_all: bool


@dataclass(frozen=True, slots=True)
class CostRow:
    """One part of the cost, or the sum of all; why it is unknown, where it is."""

    name: str
    amount: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class MeasurePage:
    """What the templates print of a topic's measures."""

    report: Report
    records: Shown
    local: Shown
    remote: Shown | None  # None where it keeps nothing there
    growth: Shown
    growth_of_records: str
    watched: str  # how long, in words
    readers: Sequence[ReaderRow]
    costs: Sequence[CostRow]
    total: CostRow
    costs_words: str
    priced: bool


def measure_page(report: Report) -> MeasurePage:
    """The measures of one topic in words; what is not known says so."""
    measured = report.measured
    growth = measured.growth
    currency = report.cost.currency
    amount = report.cost.amount
    return MeasurePage(
        report=report,
        records=_count(measured.records),
        local=_size(report.stored.local),
        remote=None if report.stored.remote == 0 else _size(report.stored.remote),
        growth=_rate(growth.size if growth else None),
        growth_of_records=f"{growth.records:,.1f} records/s" if growth else "",
        watched=growth.over(measured.seen_at) if growth and measured.seen_at else "",
        readers=[_reader(one) for one in report.readers],
        costs=[
            CostRow(part.name, _amount(part.amount, currency), part.why)
            for part in report.cost.parts
        ],
        total=CostRow("Together", _amount(amount, currency)),
        costs_words=(
            UNKNOWN if amount is None or not currency else f"{_amount(amount, currency)} a month"
        ),
        priced=bool(currency),
    )


def _amount(amount: Decimal | None, currency: str) -> str:
    return UNKNOWN if amount is None or not currency else cost.in_words(amount, currency)


def _count(number: int | None) -> Shown:
    return Shown(UNKNOWN if number is None else units.format_count(number))


def _size(size: int | None) -> Shown:
    if size is None:
        return Shown(UNKNOWN)
    return Shown(units.format_size(size), units.exact_size(size))


def _rate(size: float | None) -> Shown:
    if size is None:
        return Shown(UNKNOWN)
    return Shown(f"{units.format_size(round(size))}/s", f"{size:,.1f} bytes a second")


def _reader(reader: Reader) -> ReaderRow:
    behind = Shown("–")
    if reader.behind_ms is not None:
        exact = units.exact_duration(reader.behind_ms)
        behind = Shown(age_in_words(reader.behind_ms), exact)
    elif reader.lag:
        behind = Shown(UNKNOWN)
    return ReaderRow(
        reader=reader,
        lag=units.format_count(reader.lag),
        behind=behind,
        unread=_size(reader.unread_bytes),
        behind_at_all=bool(reader.lag),
    )


# --- A cluster's prices -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClusterMeasures:
    """What the page of a cluster says of measures and prices."""

    last: MeasureRound | None
    currency: str
    prices: Sequence[tuple[str, str]]  # what, and how much

    @property
    def lacking(self) -> list[str]:
        """Why something is not known, in sentences."""
        last = self.last
        found = [last.error, last.sizes_error, last.groups_error] if last is not None else []
        return [why for why in found if why]


def cluster_measures(cluster: Cluster) -> ClusterMeasures:
    """The last round of measuring, and the prices in words."""
    book = PriceBook.objects.filter(cluster=cluster).first()
    prices = prices_of(book)
    return ClusterMeasures(
        last=MeasureRound.objects.filter(cluster=cluster).first(),
        currency=prices.currency,
        prices=[
            (title, UNKNOWN if amount is None else f"{prices.currency} {amount.normalize():,f}")
            for name, title in PRICES.items()
            for amount in [getattr(prices, name)]
        ],
    )


@page
@require_http_methods(["GET", "POST"])
def prices(request: PageRequest, slug: str) -> HttpResponse:
    """What things cost on a cluster: to be written by the platform team."""
    demand(request.actor, Action.MANAGE_CLUSTERS, "cluster")
    row = queries.cluster(slug)
    if row is None:
        raise NotFound(f"There is no cluster called {slug}. See the list of clusters.")
    book = PriceBook.objects.filter(cluster=row.cluster).first()
    initial = {**PriceForm.initial_of(book), **carried.initial(request)}
    form = PriceForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            service.set_prices(slug, form.spec(), by=request.actor)
        except Invalid as error:
            refuse(form, error)
        else:
            return go(request, reverse("cluster", args=[slug]))
    context = {
        "form": form,
        "cluster": row.cluster,
        "platform": profiles.get(row.cluster.profile),
        "production": row.cluster.environment.production,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return show(request, "clusters/prices.html", context, status=status)
