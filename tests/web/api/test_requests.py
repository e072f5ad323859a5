"""What a request is read as, and what it gets when it is wrong."""

from __future__ import annotations

import httpx
import pytest
from tests.web.api.desk import BASE, FAILURES, TOKEN, Desk
from tests.web.api.served import ServedApi

from pressrun.core.errors import LimitReached, Refused, StillRunning
from pressrun.core.quantities import Rate
from pressrun.web.api.problems import TITLES

ADA = "/lists/news/subscribers/ada@reader.example"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def pointers(response: httpx.Response) -> dict[str, str]:
    return {error["pointer"]: error["detail"] for error in response.json()["errors"]}


async def test_path_and_members_become_arguments(desk: Desk) -> None:
    """A PUT with a body is one flat struct, and its answer is JSON that nobody stores."""
    async with desk.client() as client:
        response = await client.put(ADA, json={"name": "Ada", "fields": {"plan": "gold"}, "confirm": "vouch"})
    assert (200, {"email": "ada@reader.example", "name": "Ada", "fields": {"plan": "gold"}}) == (
        response.status_code,
        response.json(),
    )
    assert ("application/json", "no-store") == (response.headers["content-type"], response.headers["cache-control"])
    assert ("reader.put", 1) == (desk.calls[0].act, desk.calls[0].caller.token_id)


async def test_an_encoded_slash_is_part_of_an_address(desk: Desk) -> None:
    """The path is split before it is decoded."""
    async with desk.client() as client:
        response = await client.put("/lists/news/subscribers/a%2Fb%40reader.example", json={})
    assert "a/b@reader.example" == response.json()["email"]


async def test_all_errors_come_at_once(desk: Desk) -> None:
    """Path, query and members, unknown ones and those inside of others: each has its pointer, and nothing is done."""
    members = {
        "name": 7,
        "fields": {"plan": 1, "a/b": "c", "size": []},
        "confirm": "maybe",
        "age": "x",
        "colour/ink": "red",
    }
    async with desk.client() as client:
        response = await client.put("/lists/news/subscribers/nobody?dry_run=yes&dry_run=no", json=members)
    assert (422, []) == (response.status_code, desk.calls)
    within = {"/fields/plan", "/fields/size"}
    assert {"{address}", "?dry_run", "/name", *within, "/confirm", "/age", "/colour~1ink"} == pointers(response).keys()
    problem = response.json()
    assert problem["detail"] == problem["error"]
    assert f"{BASE}/api/problems#invalid" == problem["type"]
    assert "application/problem+json" == response.headers["content-type"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "?limit"),
        ("limit=501", "?limit"),
        ("limit=x", "?limit"),
        ("limit=1&limit=2", "?limit"),
        ("fields=email,shoe", "?fields"),
        ("fields=", "?fields"),
        ("%ff=1", "?"),
        ("sort=name", "?sort"),
    ],
)
async def test_a_query_that_is_wrong(desk: Desk, query: str, pointer: str) -> None:
    """Unknown parameters are refused, never ignored."""
    async with desk.client() as client:
        response = await client.get(f"/lists/news/subscribers?{query}")
    assert (422, {pointer}) == (response.status_code, set(pointers(response)))


async def test_a_parameter_with_many_values(desk: Desk) -> None:
    """A tuple takes a parameter as often as it comes."""
    async with desk.client() as client:
        response = await client.get("/lists/news/subscribers?state=active&state=pending")
    assert 200 == response.status_code
    assert ("active", "pending") == getattr(desk.calls[0].arguments, "state", None)


@pytest.mark.parametrize("body", ["{", "[1]", '"x"', "[" * 1990, '{"name": "\\ud800"}', "null", b"\xff"])
async def test_a_body_that_is_not_a_json_object(desk: Desk, body: str | bytes) -> None:
    """422, and what is wrong with it."""
    async with desk.client() as client:
        response = await client.put(ADA, content=body, headers={"Content-Type": "application/json"})
    assert (422, {""}) == (response.status_code, set(pointers(response)))


@pytest.mark.parametrize(
    "body", ['{"name": "a\\u0000"}', '{"fields": {"\\u0000": "x"}}', '{"age": 9223372036854775808}']
)
async def test_what_no_database_stores(desk: Desk, body: str) -> None:
    """NUL and numbers beyond 64 bits never reach an action."""
    async with desk.client() as client:
        response = await client.put(ADA, content=body, headers={"Content-Type": "application/json"})
    assert (422, []) == (response.status_code, desk.calls)


async def test_the_numbers_at_the_ends_of_what_is_stored(desk: Desk) -> None:
    """They are taken as they are."""
    async with desk.client() as client:
        for age in (2**63 - 1, 1 - 2**63):
            assert 200 == (await client.put(ADA, json={"age": age})).status_code
    assert [2**63 - 1, 1 - 2**63] == [getattr(call.arguments, "age", None) for call in desk.calls]


async def test_members_that_are_nested_without_end(desk: Desk) -> None:
    """422 where they stand, and no fault of ours."""
    for body in ('{"fields": ' + '{"a": ' * 300 + "1" + "}" * 301, '{"fields": ' + "[" * 900 + "]" * 900 + "}"):
        async with desk.client() as client:
            response = await client.put(ADA, content=body, headers={"Content-Type": "application/json"})
        assert 422 == response.status_code


async def test_no_body_where_nothing_is_required(desk: Desk) -> None:
    """An empty request is an object without members, whatever its media type."""
    async with desk.client() as client:
        assert 200 == (await client.put(ADA)).status_code
        assert 200 == (await client.put(ADA, headers={"Content-Type": "application/json"})).status_code


@pytest.mark.parametrize(
    "media_type", ["application/x-www-form-urlencoded", "text/plain", "application/json; charset=latin1"]
)
async def test_a_foreign_media_type(desk: Desk, media_type: str) -> None:
    """415, with what is accepted in the header (RFC 9110 §15.5.16)."""
    async with desk.client() as client:
        response = await client.put(ADA, content=b"name=Ada", headers={"Content-Type": media_type})
    assert 415 == response.status_code


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_body_that_is_too_large(desk: Desk, is_chunked: bool) -> None:
    """413 as soon as it is known, and the connection closes."""

    async def pieces() -> object:
        yield b'{"name": "'
        yield b"x" * 4500

    content = pieces() if is_chunked else b"x" * 4500
    async with desk.client() as client:
        response = await client.put(ADA, content=content, headers={"Content-Type": "application/json"})  # type: ignore[arg-type]
    assert (413, "close", []) == (response.status_code, response.headers["connection"], desk.calls)


async def test_a_change_that_cannot_be_read_is_recorded_as_refused(desk: Desk) -> None:
    """With its list. What only reads is not."""
    async with desk.client() as client:
        await client.put(ADA, json={"name": 7})
        await client.get("/lists/news/subscribers?limit=many")
    assert [("reader.put", "news")] == desk.refused


async def test_a_method_that_a_resource_does_not_have(desk: Desk) -> None:
    """405 names exactly those that it has."""
    async with desk.client() as client:
        response = await client.patch(ADA)
        assert (405, "DELETE, GET, HEAD, PUT") == (response.status_code, response.headers["allow"])
        assert "GET, HEAD" == (await client.put("/lists/news/subscribers")).headers["allow"]


@pytest.mark.parametrize(
    "path", ["", "/", "/nothing", "/lists/news/subscribers/", "/lists//subscribers", "/lists/%ff/subscribers"]
)
async def test_a_path_that_leads_nowhere(desk: Desk, path: str) -> None:
    """404 as a problem, never a page; a slash at the end is forgiven."""
    async with desk.client() as client:
        response = await client.get(path)
    if path == "/lists/news/subscribers/":
        assert 200 == response.status_code
    else:
        assert (404, 404) == (response.status_code, response.json()["status"])
        assert "/api/openapi.json" in response.json()["detail"]


@pytest.mark.parametrize("before", ["/api/other", "/api/%76%31", "/%61pi", "/api/v1/other"])
async def test_a_path_has_nothing_before_it(desk: Desk, before: str) -> None:
    """A proxy that keeps some paths from strangers sees all there are."""
    async with desk.client() as client:
        response = await client.get(f"https://news.example.org{before}/api/v1/lists/news/subscribers")
    assert (404, []) == (response.status_code, desk.calls)


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        *((value, "Authorization: Bearer pr_…") for value in (None, "Bearer", "Bearer ", "Basic pr_genuine")),
        *((value, "unknown, revoked or expired") for value in ("Bearer pr_other", "bearer pr_genuine x")),
    ],
)
async def test_no_valid_token(desk: Desk, authorization: str | None, words: str) -> None:
    """401 with a challenge; why a token is not valid is not said, and nothing else of the request is looked at."""
    async with desk.client(None) as client:
        headers = {} if authorization is None else {"Authorization": authorization}
        response = await client.put(f"{ADA}?x=1", content=b"{", headers=headers)
    assert (401, []) == (response.status_code, desk.calls)
    assert response.headers["www-authenticate"].startswith("Bearer ")
    assert TITLES[401][1] == response.json()["title"]
    assert words in response.json()["detail"]


@pytest.mark.parametrize("path", ["/nothing", "/lists/news/nothing", "/../v2/me"])
async def test_no_valid_token_for_a_path_that_leads_nowhere(desk: Desk, path: str) -> None:
    """401 before 404, so that somebody with a wrong token looks for the mistake there."""
    async with desk.client(None) as client:
        response = await client.get(path, headers={"Authorization": "Bearer pr_other"})
    assert (401, 401) == (response.status_code, response.json()["status"])
    assert response.headers["www-authenticate"].startswith("Bearer ")


async def test_what_a_limit_allows_later(desk: Desk) -> None:
    desk.failure = LimitReached("not so often", 90)
    async with desk.client() as client:
        response = await client.get(ADA)
    assert (429, "90") == (response.status_code, response.headers["retry-after"])


async def test_what_is_done_in_a_moment(desk: Desk) -> None:
    desk.failure = StillRunning("the first request is still running")
    async with desk.client() as client:
        response = await client.get(ADA)
    assert (409, "1") == (response.status_code, response.headers["retry-after"])


async def test_what_only_helps_at_a_shell_is_not_said(desk: Desk) -> None:
    desk.failure = Refused("the list is closed", at_shell="Reopen it with `pressrun list set news closed=false`")
    async with desk.client() as client:
        response = await client.get(ADA)
    assert ("the list is closed", True) == (response.json()["detail"], "pressrun list set" in str(desk.failure))


@pytest.mark.parametrize("status", sorted(FAILURES))
async def test_what_an_action_raises(desk: Desk, status: int) -> None:
    """Each error has its status; only why the service is unavailable is kept for the log."""
    desk.failure = FAILURES[status]
    async with desk.client() as client:
        response = await client.get(ADA)
    problem = response.json()
    assert (status, status) == (response.status_code, problem["status"])
    assert (str(desk.failure) if status != 503 else TITLES[503][1]) == problem["error"]
    assert ("5" if status == 503 else None) == response.headers.get("retry-after")
    assert (1234 if status == 409 else None) == problem.get("audience")


async def test_what_nobody_expected(desk: Desk) -> None:
    """It goes on to the guard, which logs it."""
    desk.failure = ZeroDivisionError("secret")
    async with desk.client() as client:
        with pytest.raises(ZeroDivisionError):
            await client.get(ADA)


async def test_errors_that_an_action_finds_in_fields(desk: Desk) -> None:
    """They point into the body like those that the types find."""
    async with desk.client() as client:
        response = await client.put(ADA, json={"age": 13})
    assert {"/age": "is unlucky", "/fields/plan": "is unknown"} == pointers(response)


async def test_members_of_another_shape(desk: Desk) -> None:
    """The type of the object makes the arguments."""
    async with desk.client() as client:
        response = await client.post("/lists", json={"name": "news", "from": "News <news@list.example>"})
        wrong = await client.post("/lists", json={"from_": "x"})
    assert (201, {"name": "news", "from": "News <news@list.example>"}) == (response.status_code, response.json())
    assert {"/name", "/from_"} == set(pointers(wrong))


async def test_each_token_has_its_rate(desk: Desk) -> None:
    """Every answer says what is left; beyond that it is 429 until the window opens, and other tokens go on."""
    desk.rate = Rate(2, 60.0)
    desk.tokens["pr_other"] = 2
    async with desk.client() as client, desk.client("pr_other") as other:
        first, second = await client.get(ADA), await client.get("/lists/news/subscribers")
        desk.now += 20
        third = await client.get(ADA)
        assert ["2", "60"] == [
            first.headers["ratelimit-policy"].split("=")[1][0],
            first.headers["ratelimit-policy"][-2:],
        ]
        assert ['"token";r=1;t=60', '"token";r=0;t=60'] == [
            response.headers["ratelimit"] for response in (first, second)
        ]
        assert (429, "40") == (third.status_code, third.headers["retry-after"])
        assert 200 == (await other.get("/lists/news/subscribers")).status_code
        desk.now += 41
        assert 200 == (await client.get("/lists/news/subscribers")).status_code


async def test_what_needs_no_token(desk: Desk) -> None:
    """The description, which clients may keep, and the kinds of problems."""
    async with desk.client(None) as client:
        described = await client.get(f"{BASE}/api/openapi.json")
        again = await client.get(f"{BASE}/api/openapi.json", headers={"If-None-Match": described.headers["etag"]})
        problems = await client.get(f"{BASE}/api/problems")
        refused = await client.post(f"{BASE}/api/openapi.json")
    assert ("3.1.0", 304, 405) == (described.json()["openapi"], again.status_code, refused.status_code)
    assert all(slug in problems.text for slug, _ in TITLES.values())


async def test_a_revoked_token_is_dead_at_once(desk: Desk) -> None:
    """It is looked up for each request."""
    async with desk.client() as client:
        assert 200 == (await client.get("/lists/news/subscribers")).status_code
        del desk.tokens[TOKEN]
        assert 401 == (await client.get("/lists/news/subscribers")).status_code


async def test_whole_numbers_in_any_spelling(desk: Desk) -> None:
    """JSON has one kind of number, so 7.0 is 7, but 7.5 is not."""
    async with desk.client() as client:
        assert 200 == (await client.put(ADA, json={"age": 7.0})).status_code
        assert 422 == (await client.put(ADA, json={"age": 7.5})).status_code


@pytest.mark.parametrize("after", ["", "x", "a b", "%00" * 9])
async def test_what_is_no_cursor_at_all(desk: Desk, after: str) -> None:
    """422, rather than the first page again."""
    async with desk.client() as client:
        response = await client.get(f"/lists/news/subscribers?after={after}")
    assert (422, ["?after"]) == (response.status_code, list(pointers(response)))


@pytest.mark.parametrize(
    "query",
    ["limit=1e1", "limit=1.0", "count=1", "count=True", "since=20270115", "since=2027-W02-5", "since=2027-01-15 08"],
)
async def test_values_of_a_query_are_written_as_described(served: ServedApi, query: str) -> None:
    """Not in each way that a reader of numbers, flags or dates happens to take."""
    await served.services.make_list()
    async with served.client() as client:
        response = await client.get(f"/lists/news/subscribers?{query}")
    assert (422, f"?{query.partition('=')[0]}") == (response.status_code, response.json()["errors"][0]["pointer"])


async def test_nul_is_refused_where_all_members_are_text(served: ServedApi) -> None:
    """They are read in one step, which looks at nothing else."""
    await served.services.make_list()
    async with served.client() as client:
        told = await client.put("/lists/news/subscribers/ada@reader.example", json={"name": "a\0"})
    assert {"/name": "contains a NUL character, which cannot be stored"} == pointers(told)


async def test_a_word_that_is_none_of_several_is_answered_with_all_of_them(served: ServedApi) -> None:
    """Both in the query and in the body."""
    async with served.client() as client:
        await client.post("/lists", json={"name": "news", "title": "River News"})
        asked = await client.get("/lists/news/subscribers?state=gone")
        several = await client.get("/events?type=gone")
        told = await client.patch("/lists/news", json={"archive": "gone"})
    assert {"?state": "unknown: 'gone'. Use one of pending, active, suspended, unsubscribed"} == pointers(asked)
    assert "subscription.started" in pointers(several)["?type/0"]
    assert {"/archive": "unknown: 'gone'. Use one of public, members, off"} == pointers(told)


async def test_what_is_no_word_at_all_is_not_called_an_unknown_one(served: ServedApi) -> None:
    async with served.client() as client:
        await client.post("/lists", json={"name": "news", "title": "River News"})
        told = await client.patch("/lists/news", json={"archive": 7})
    assert {"/archive": "Expected `str`, got `int`"} == pointers(told)


async def test_a_value_in_another_form_is_told_in_words(served: ServedApi) -> None:
    """Nobody has to read a pattern."""
    async with served.client() as client:
        response = await client.post("/lists", json={"name": "News!", "title": "News", "hours": "late\n"})
    assert {
        "/name": "expected 1 to 24 of a-z, 0-9 and '-', with a letter or digit first and last",
        "/hours": "expected hours such as 08:00-20:00",
    } == {error["pointer"]: error["detail"] for error in response.json()["errors"]}
