"""Every form of protection owes the same answers (style: shared cases)."""

import pytest

from bearerguard import ResourceServer
from bearerguard.testing import LocalIssuer
from unit.web.cases import CASES, Case, check
from unit.web.orders_api import FORMS

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_each_form_gives_each_request_the_same_answer(
    form: str, case: Case, api: ResourceServer, issuer: LocalIssuer
) -> None:
    await check(FORMS[form](api), case, issuer)
