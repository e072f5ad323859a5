"""From the greeting to the first message: EHLO or HELO, STARTTLS, AUTH (RFC 5321 §3.1–3.2, RFC 3207, RFC 4954).

   GREETING ──► EHLO ──► STARTTLS ──► HANDSHAKE ──► EHLO ──► AUTH ──► READY
                 └──► HELO ───────────────────────────────────────────►

A pair of phase and reply class that is not in the table is a protocol error.
"""

# ruff: noqa: SLF001, ARG002 - the table names the methods of its class, and all of them have one shape

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from pressrun.smtp import commands
from pressrun.smtp.auth import Credentials, login_script
from pressrun.smtp.capabilities import Capabilities, parse_capabilities
from pressrun.smtp.delivery_mode import DeliveryMode
from pressrun.smtp.errors import Fault, LocalProtocolError, Problem, RemoteProtocolError
from pressrun.smtp.phase import Phase
from pressrun.smtp.reply import Reply, describe


class SessionTerms(Struct, frozen=True, kw_only=True):
    """The terms of a session: no mode faster than `fastest` is used, whatever the peer offers."""

    helo_name: str
    security: Literal["none", "starttls", "tls"] = "none"
    credentials: Credentials | None = None
    fastest: DeliveryMode = DeliveryMode.CHUNKING
    messages: int = 100  # then QUIT


class SessionSetup:
    """The dialogue until it is `Phase.READY`. Methods return octets to send, a Problem that ends it, or None."""

    __slots__ = ("_script", "_secure", "_terms", "capabilities", "phase")

    def __init__(self, terms: SessionTerms) -> None:
        self.phase = Phase.GREETING
        self.capabilities = Capabilities()
        self._terms = terms
        self._secure = terms.security == "tls"
        self._script: list[bytes] = []

    def answer(self, reply: Reply) -> bytes | Problem | None:
        """Process the reply to the latest command; raises RemoteProtocolError."""
        rule = _RULES.get((self.phase, reply.code // 100))
        if rule is None:
            raise RemoteProtocolError(f"{reply.code} is not a valid reply to {self.phase}")
        return rule(self, reply)

    def secured(self) -> bytes:
        """The TLS handshake is done: forget everything known of the peer, and ask again (RFC 3207 §4.2)."""
        if self.phase is not Phase.HANDSHAKE:
            raise LocalProtocolError("no TLS handshake was asked for")
        self._secure = True
        self.capabilities = Capabilities()
        return self._hello(Phase.EHLO)

    def _hello(self, phase: Phase) -> bytes:
        self.phase = phase
        return commands.hello(phase, self._terms.helo_name)

    def _greeting_received(self, reply: Reply) -> bytes:
        return self._hello(Phase.EHLO)

    def _ehlo_problem_of(self, reply: Reply) -> bytes | Problem:
        if self._terms.security == "starttls" or self._terms.credentials is not None:
            return self._problem_of(reply)  # HELO offers neither, and we do not go on without
        return self._hello(Phase.HELO)

    def _ehlo_accepted(self, reply: Reply) -> bytes | Problem | None:
        if self.phase is Phase.EHLO:
            self.capabilities = parse_capabilities(reply.text)
        if self._terms.security == "starttls" and not self._secure:
            if not self.capabilities.starttls:
                return Problem(Fault.TLS, "STARTTLS is not offered")
            self.phase = Phase.STARTTLS
            return commands.STARTTLS
        return self._authenticate()

    def _authenticate(self) -> bytes | Problem | None:
        credentials = self._terms.credentials
        if credentials is None:
            self.phase = Phase.READY
            return None
        script = login_script(credentials, self.capabilities.auth)
        if script is None:
            return Problem(Fault.AUTHENTICATION, "neither AUTH PLAIN nor AUTH LOGIN is offered")
        self.phase = Phase.AUTH
        self._script = script[1:]
        return script[0]

    def _starttls_accepted(self, reply: Reply) -> None:
        self.phase = Phase.HANDSHAKE

    def _auth_continued(self, reply: Reply) -> bytes:
        if reply.code != 334 or not self._script:
            raise RemoteProtocolError(f"{reply.code} is not a valid reply to {self.phase}")
        return self._script.pop(0)

    def _auth_accepted(self, reply: Reply) -> None:
        self.phase = Phase.READY
        self._script = []

    def _problem_of(self, reply: Reply) -> Problem:
        fault = _FAULTS.get(self.phase, Fault.REFUSED)
        return Problem(fault, f"{self.phase} was refused: {describe(reply)}", reply)


_FAULTS = {Phase.STARTTLS: Fault.TLS, Phase.AUTH: Fault.AUTHENTICATION}
_Rule = Callable[[SessionSetup, Reply], bytes | Problem | None]
_RULES: dict[tuple[Phase, int], _Rule] = {
    (Phase.GREETING, 2): SessionSetup._greeting_received,
    (Phase.GREETING, 4): SessionSetup._problem_of,
    (Phase.GREETING, 5): SessionSetup._problem_of,
    (Phase.EHLO, 2): SessionSetup._ehlo_accepted,
    (Phase.EHLO, 4): SessionSetup._problem_of,
    (Phase.EHLO, 5): SessionSetup._ehlo_problem_of,
    (Phase.HELO, 2): SessionSetup._ehlo_accepted,
    (Phase.HELO, 4): SessionSetup._problem_of,
    (Phase.HELO, 5): SessionSetup._problem_of,
    (Phase.STARTTLS, 2): SessionSetup._starttls_accepted,
    (Phase.STARTTLS, 4): SessionSetup._problem_of,
    (Phase.STARTTLS, 5): SessionSetup._problem_of,
    (Phase.AUTH, 2): SessionSetup._auth_accepted,
    (Phase.AUTH, 3): SessionSetup._auth_continued,
    (Phase.AUTH, 4): SessionSetup._problem_of,
    (Phase.AUTH, 5): SessionSetup._problem_of,
}
