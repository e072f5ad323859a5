"""The charsets that mail is decoded from: an allow-list, so that a sender never chooses how a codec behaves.

Python has codecs whose time grows with the square of the text (punycode, idna), that run escapes (unicode_escape), or
that are no charsets at all (zlib, hex). Those on this list are the ones that mail programs write, each of them linear;
the names are the labels of the WHATWG Encoding Standard and of IANA. A label means what mail programs mean by it:
`iso-8859-1` is windows-1252, `gb2312` is gb18030. Text in any other charset is read as windows-1252.
"""

from __future__ import annotations

import codecs
import re

_LONGEST_LABEL = 40

# Each codec of Python with its labels, without what is no letter and no digit; cp1252 where a label stands for it.
_LABELS = {
    "utf-8": "utf8 usascii ascii ansix341968 ansix341986 iso646us cp367 unicode11utf8 unicode20utf8 xunicode20utf8"
    " 7bit 8bit unknown xunknown unknown8bit xunknown8bit",
    "cp1252": "windows1252 cp1252 xcp1252 iso88591 iso885911987 88591 latin1 l1 cp819 ibm819 isoir100 ansi xansi",
    "iso8859-2": "iso88592 iso885921987 88592 latin2 l2 isoir101",
    "iso8859-3": "iso88593 iso885931988 88593 latin3 l3 isoir109",
    "iso8859-4": "iso88594 iso885941988 88594 latin4 l4 isoir110",
    "iso8859-5": "iso88595 iso885951988 88595 cyrillic isoir144",
    "iso8859-6": "iso88596 iso885961987 88596 arabic iso88596e iso88596i asmo708 ecma114 isoir127",
    "iso8859-7": "iso88597 iso885971987 88597 greek greek8 ecma118 elot928 suneugreek isoir126",
    "iso8859-8": "iso88598 iso885981988 88598 hebrew visual logical iso88598e iso88598i isoir138",
    "cp1254": "windows1254 cp1254 xcp1254 iso88599 iso885991989 88599 latin5 l5 isoir148",
    "iso8859-10": "iso885910 885910 latin6 l6 isoir157",
    "iso8859-11": "iso885911 885911",
    "iso8859-13": "iso885913 885913 latin7 l7",
    "iso8859-14": "iso885914 885914 latin8 l8",
    "iso8859-15": "iso885915 885915 latin9 l9",
    "iso8859-16": "iso885916 885916 latin10 l10",
    "cp1250": "windows1250 cp1250 xcp1250",
    "cp1251": "windows1251 cp1251 xcp1251",
    "cp1253": "windows1253 cp1253 xcp1253",
    "cp1255": "windows1255 cp1255 xcp1255",
    "cp1256": "windows1256 cp1256 xcp1256",
    "cp1257": "windows1257 cp1257 xcp1257",
    "cp1258": "windows1258 cp1258 xcp1258",
    "cp874": "windows874 cp874 dos874 tis620 xtis620",
    "cp437": "cp437 ibm437 437",
    "cp850": "cp850 ibm850 850",
    "cp852": "cp852 ibm852 852",
    "cp855": "cp855 ibm855 855",
    "cp858": "cp858 ibm858 858 ibm00858",
    "cp862": "cp862 ibm862 862",
    "cp866": "cp866 ibm866 866",
    "koi8-r": "koi8r koi8 koi xkoi8r",
    "koi8-u": "koi8u koi8ru xkoi8u",
    "mac-roman": "macintosh macroman xmacroman mac",
    "mac-cyrillic": "xmaccyrillic maccyrillic xmacukrainian macukrainian",
    "gb18030": "gb18030 gb2312 gb231280 gbk xgbk cp936 windows936 ms936 euccn xeuccn gb gbchinese chinese isoir58",
    "hz": "hz hzgb hzgb2312",
    "big5": "big5 cnbig5 xxbig5 big5tw xbig5",
    "big5hkscs": "big5hkscs",
    "cp950": "cp950 windows950 ms950",
    "cp932": "shiftjis sjis xsjis mskanji windows31j cp932 ms932 windows932 shiftjisms",
    "shift_jisx0213": "shiftjisx0213 shiftjis2004",
    "euc-jp": "eucjp xeucjp ujis",
    "euc_jisx0213": "eucjisx0213 eucjis2004",
    "iso2022_jp": "iso2022jp jis xiso2022jp cp50220 cp50221",
    "iso2022_jp_1": "iso2022jp1",
    "iso2022_jp_2": "iso2022jp2",
    "iso2022_jp_3": "iso2022jp3",
    "iso2022_jp_2004": "iso2022jp2004",
    "iso2022_jp_ext": "iso2022jpext",
    "cp949": "euckr xeuckr ksc56011987 ksc5601 ksc56011989 korean windows949 cp949 uhc ms949 isoir149",
    "johab": "johab cp1361 ms1361",
    "iso2022_kr": "iso2022kr",
    "utf-16": "utf16 unicode ucs2 iso10646ucs2",
    "utf-16-le": "utf16le unicodelittle",
    "utf-16-be": "utf16be unicodebig",
}
CODECS = tuple(_LABELS)
_BY_LABEL = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}
_PUNCTUATION = re.compile(r"[^a-z0-9]+")
FALLBACK = "cp1252"


def find_codec(charset: str) -> str | None:
    """The codec for a charset as a mail names it; None for what is not on the list. "" is UTF-8, as mail without a word
    about it mostly is.
    """
    if len(charset) > _LONGEST_LABEL:
        return None
    label = _PUNCTUATION.sub("", charset.lower())
    return _BY_LABEL.get(label) if label else ("utf-8" if not charset.strip() else None)


def decode_text(data: bytes, charset: str) -> str:
    """The text of `data` in a charset that a mail names; what cannot be decoded becomes U+FFFD. Never raises."""
    return _sound(codecs.decode(data, find_codec(charset) or FALLBACK, "replace"))


def decode_exactly(data: bytes, charset: str) -> str | None:
    """The same, but None if the charset is not on the list, or the data are not in it."""
    codec = find_codec(charset)
    if codec is None:
        return None
    try:
        return _sound(codecs.decode(data, codec))
    except ValueError:
        return None


def _sound(text: str) -> str:
    """Text that every encoder accepts: some codecs let halves of surrogate pairs through."""
    return text.encode("utf-8", "replace").decode("utf-8")
