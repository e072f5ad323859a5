"""The large mailbox providers: which domains are theirs, and how many copies at a time they like.

A *lane* is what limits, slow-downs and blocks apply to: a domain that the operator configured, else a provider with
all its domains, for a provider counts what comes for all of them. Nothing here asks the DNS: who hosts a small domain
is not known, and such a domain has no lane until it is given one of its own.

The rows are data of the world and age with it. Domains are those that the providers name on their own pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pressrun.core.quantities import Rate


class Limits(Protocol):
    """What an operator says of one domain; None and () stand for nothing said."""

    @property
    def rates(self) -> tuple[Rate, ...]: ...

    @property
    def connections(self) -> int | None: ...

    @property
    def messages_per_connection(self) -> int | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneLimits:
    """The limits of one lane; None and () stand for no limit.

    `connections` counts copies in flight at a time. No provider has a `rates` of its own: behind a relay it would slow
    us down and not the relay, whose queue is what the provider sees; a rate is for the operator to set.
    """

    rates: tuple[Rate, ...] = ()
    connections: int | None = None
    messages_per_connection: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider; `domains` are lower-case A-labels.

    The name is that of its lane and holds no dot, so that it is never taken for a domain.
    """

    name: str
    domains: tuple[str, ...]
    limits: LaneLimits = LaneLimits()


def _family(name: str, endings: str) -> tuple[str, ...]:
    """One name under many endings, spelled out: `name.anything` may belong to somebody else."""
    return tuple(f"{name}.{ending}" for ending in endings.split())


def _regions(domain: str, regions: str) -> tuple[str, ...]:
    """The names below one domain that have mailboxes."""
    return tuple(f"{region}.{domain}" for region in regions.split())


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PROVIDERS = (
    Provider(  # support.google.com/mail/answer/81126; limits: KumoMTA shaping rules
        name="gmail",
        domains=_names("gmail.com googlemail.com"),
        limits=LaneLimits(connections=5, messages_per_connection=50),
    ),
    Provider(  # sendersupport.olc.protection.outlook.com/pm/policies; limits: KumoMTA shaping rules
        name="microsoft",
        domains=(
            *_family(
                "hotmail",
                "com co.uk fr de it es be nl ca se dk no fi gr ch at cl cz hu lt lv my ph rs sg sk"
                " co.id co.il co.jp co.nz co.th co.za com.ar com.au com.br com.hk com.tr com.tw com.vn",
            ),
            *_family(
                "outlook",
                "com fr de it es be at cl cz dk hu ie in jp kr lv my ph pt sa sg sk"
                " co.id co.il co.th com.ar com.au com.br com.gr com.tr com.vn",
            ),
            *_family(
                "live",
                "com fr de it nl be ca se dk no fi at ch cl cn hk ie in jp ru"
                " co.uk co.za com.ar com.au com.mx com.my com.pt com.sg",
            ),
            *_names("msn.com windowslive.com passport.com"),
        ),
        limits=LaneLimits(connections=5, messages_per_connection=50),
    ),
    Provider(  # senders.yahooinc.com/best-practices: closes a connection after some messages; 20: KumoMTA shaping rules
        name="yahoo",
        domains=(
            *_family(
                "yahoo",
                "com ca de fr it es ie se no dk fi nl pl pt ro gr hu be at in co.uk co.id co.in co.nz co.th co.za"
                " com.ar com.au com.br com.co com.hk com.mx com.my com.pe com.ph com.sg com.tr com.tw com.ve com.vn",
            ),
            *_family("aol", "com ca de fr it es nl se be pl at in jp co.uk co.nz com.au com.br com.mx"),
            *_names("ymail.com rocketmail.com myyahoo.com aim.com love.com games.com wow.com ygm.com"),
            *_names("netscape.net netscape.com compuserve.com cs.com verizon.net"),
            # Mail of others that it hosts
            *_names("att.net sbcglobal.net bellsouth.net ameritech.net pacbell.net swbell.net snet.net flash.net"),
            *_names("nvbell.net prodigy.net wans.net frontier.com frontiernet.net rogers.com sky.com cox.net"),
        ),
        limits=LaneLimits(connections=10, messages_per_connection=20),
    ),
    Provider(  # support.apple.com/en-us/102322; limits: KumoMTA shaping rules
        name="apple",
        domains=_names("icloud.com me.com mac.com"),
        limits=LaneLimits(connections=10, messages_per_connection=5),
    ),
    Provider(  # postmaster.gmx.net, postmaster.web.de; limits: shaping rules of the community
        name="gmx",
        domains=(
            *_family("gmx", "net de at ch com eu us fr es it li se info org biz tm co.uk"),
            *_names("web.de email.de mail.com email.com usa.com post.com europe.com caramail.com"),
        ),
        limits=LaneLimits(connections=4, messages_per_connection=20),
    ),
    Provider(  # postmaster.orange.fr: few connections at a time; limits: shaping rules of the community
        name="orange",
        domains=_names("orange.fr wanadoo.fr"),
        limits=LaneLimits(connections=2, messages_per_connection=100),
    ),
    # Known by name, without limits that anybody published: grouped, so that one slow-down is learned once.
    Provider(name="yahoo-japan", domains=_names("yahoo.co.jp ymail.ne.jp yahoo.ne.jp")),  # another company than yahoo
    Provider(name="telekom", domains=_names("t-online.de magenta.de")),  # postmaster.t-online.de
    Provider(name="free", domains=_names("free.fr aliceadsl.fr libertysurf.fr online.fr")),  # postmaster.free.fr
    Provider(
        name="sfr", domains=_names("sfr.fr neuf.fr cegetel.net club-internet.fr 9online.fr numericable.fr noos.fr")
    ),
    Provider(name="laposte", domains=_names("laposte.net")),
    Provider(name="comcast", domains=_names("comcast.net")),  # spa.xfinity.com; moving to yahoo
    Provider(
        name="spectrum",
        domains=(
            *_names("charter.net spectrum.net twc.com brighthouse.com roadrunner.com"),
            *_regions(
                "rr.com",
                "austin bak ca carolina cfl cinci columbus ec elp gt hawaii hot houston indy insight kc maine mi nc neb"
                " neo new nyc nycap panhandle rgv rochester san satx sc se si socal stny sw swfl tampabay triad tx"
                " twcny we wi woh",
            ),
        ),
    ),
    Provider(name="bell", domains=_names("bell.net sympatico.ca")),
    Provider(name="mailru", domains=_names("mail.ru inbox.ru list.ru bk.ru internet.ru xmail.ru")),
    Provider(
        name="yandex",
        domains=(*_family("yandex", "ru com by kz ua uz com.tr"), "ya.ru", "narod.ru"),
    ),
    Provider(name="rambler", domains=_names("rambler.ru lenta.ru autorambler.ru myrambler.ru ro.ru")),
    Provider(name="libero", domains=_names("libero.it virgilio.it iol.it inwind.it blu.it giallo.it")),
    Provider(name="tim", domains=_names("tim.it alice.it tin.it")),
    Provider(name="seznam", domains=_names("seznam.cz email.cz post.cz spoluzaci.cz")),
    Provider(name="wp", domains=_names("wp.pl o2.pl tlen.pl go2.pl")),
    Provider(
        name="onet", domains=_names("onet.pl onet.eu op.pl vp.pl poczta.onet.pl poczta.onet.eu autograf.pl spoko.pl")
    ),
    Provider(name="interia", domains=_names("interia.pl interia.eu interia.com poczta.fm intmail.pl vip.interia.pl")),
    Provider(name="bt", domains=_names("btinternet.com btopenworld.com talk21.com")),
    Provider(name="virgin", domains=_names("virginmedia.com ntlworld.com blueyonder.co.uk virgin.net")),
    Provider(name="talktalk", domains=_names("talktalk.net tiscali.co.uk lineone.net")),
    Provider(name="ziggo", domains=_names("ziggo.nl upcmail.nl home.nl casema.nl chello.nl quicknet.nl")),
    Provider(name="kpn", domains=_names("kpnmail.nl planet.nl hetnet.nl kpnplanet.nl telfort.nl xs4all.nl")),
    Provider(name="proximus", domains=_names("proximus.be skynet.be")),
    Provider(name="telstra", domains=_names("bigpond.com bigpond.net.au telstra.com")),
    Provider(name="uol", domains=_names("uol.com.br bol.com.br")),
    Provider(name="proton", domains=_names("proton.me protonmail.com protonmail.ch pm.me")),
    Provider(name="fastmail", domains=_names("fastmail.com fastmail.fm")),
    Provider(name="zoho", domains=_names("zoho.com zoho.eu zoho.in zohomail.com zohomail.eu zohomail.in")),
    Provider(name="tencent", domains=_names("qq.com vip.qq.com foxmail.com")),
    Provider(name="netease", domains=_names("163.com 126.com yeah.net vip.163.com vip.126.com 188.com")),
    Provider(name="naver", domains=_names("naver.com")),
    Provider(name="kakao", domains=_names("daum.net hanmail.net kakao.com")),
    Provider(name="docomo", domains=_names("docomo.ne.jp")),
    Provider(name="kddi", domains=_names("au.com ezweb.ne.jp")),
    Provider(name="softbank", domains=_names("softbank.ne.jp i.softbank.jp")),
)

_BY_DOMAIN = {domain: provider.name for provider in PROVIDERS for domain in provider.domains}
_LIMITS = {provider.name: provider.limits for provider in PROVIDERS}


def provider_of(domain: str) -> str:
    """The name of the provider that a domain (lower-case A-labels) belongs to, "" when it is of none we know."""
    return _BY_DOMAIN.get(domain, "")


class Lanes:
    """The lanes of one configuration: its own domains, each for itself, then the providers.

    `by_domain` has every domain with a lane, and that lane; a configured domain is a lane of its own, named like it.
    """

    __slots__ = ("_limits", "by_domain")

    def __init__(self, configured: Mapping[str, Limits]) -> None:
        """`configured`: the tables `[delivery.domain]` by domain, in lower-case A-labels."""
        self.by_domain: Mapping[str, str] = {**_BY_DOMAIN, **{domain: domain for domain in configured}}
        self._limits = {**_LIMITS, **{domain: _completed(domain, said) for domain, said in configured.items()}}

    def lane_of(self, domain: str) -> str:
        """The lane of a recipient's domain, "" when it has none; the same answer always."""
        return self.by_domain.get(domain, "")

    def limits_of(self, lane: str) -> LaneLimits:
        """The limits of a lane; none for any name that is neither configured nor a provider."""
        return self._limits.get(lane, _NO_LIMITS)


_NO_LIMITS = LaneLimits()


def _completed(domain: str, limits: Limits) -> LaneLimits:
    """What the operator says of a domain, and what its provider likes where the operator says nothing."""
    usual = _LIMITS.get(provider_of(domain), _NO_LIMITS)
    return LaneLimits(
        rates=limits.rates or usual.rates,
        connections=usual.connections if limits.connections is None else limits.connections,
        messages_per_connection=(
            usual.messages_per_connection if limits.messages_per_connection is None else limits.messages_per_connection
        ),
    )
