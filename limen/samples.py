"""What scorers are tried on: ordinary contents, and texts and media that nobody should have to expect."""

import base64
import random
import struct
from types import MappingProxyType

from scorers.content import Content, Media

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63680000008200810b0b5c780000000049454e44ae426082"
)

FILM = base64.b64decode(  # three seconds, 16 x 16, VP8: dark, grey, bright
    "GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQJChYECGFOAZwEAAAAAAAG5EU2bdLpNu4tTq4QVSalmU6yBoU27i1OrhBZUrmtTrIHG"
    "TbuMU6uEElTDZ1OsggEJTbuMU6uEHFO7a1OsggGj7AEAAAAAAABZAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAVSalmoCrXsYMPQkBNgIRMYXZmV0GETGF2ZkSJiECncAAA"
    "AAAAFlSua76uAQAAAAAAADXXgQFzxYgAAAAAAAAAAZyBACK1nIN1bmSIgQCGhVZfVlA4g4EBI+ODhDuaygDghrCBELqBEBJUw2e1c3OyY8CL"
    "Y8WIAAAAAAAAAAFnyKFFo4hEVVJBVElPTkSHkzAwOjAwOjAzLjAwMDAwMDAwMAAfQ7Z12+eBAKOjgQAAgBACAJ0BKhAAEAAARwiFhYiZhIgC"
    "AgAMDWAA/v75dwCjl4ED6ACxAQAFEKwAGAAwP/QMAAAA/rpgo5iBB9AAsQEABRCsABgAMD/0DAAAAP7vYAAcU7trkbuPs4EAt4r3gQHxggFD"
    "8IED"
)
SOUND = (  # a tenth of a second of silence
    b"RIFF" + struct.pack("<I", 36 + 3200) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    + b"data" + struct.pack("<I", 3200) + bytes(3200)
)  # fmt: skip

ORDINARY = (
    Content(id="plain", text="The meeting is moved to Thursday, see you there.", language="en"),
    Content(id="loud", text="BUY NOW!!! Free money, call 555-1234", language="en"),
    Content(id="german", text="Sch\u00f6ne Gr\u00fc\u00dfe aus Z\u00fcrich", language="de"),
    Content(
        id="hindi", text="\u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e", language="hi"
    ),
    Content(id="chinese", text="\u4f60\u597d\uff0c\u4e16\u754c", language="zh"),
    Content(
        id="arabic", text="\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645", language="ar"
    ),
    Content(id="picture", images=(Media(data=PIXEL),)),
    Content(id="both", text="a picture", images=(Media(data=PIXEL), Media(data=PIXEL)), tags=("art",)),
    Content(id="film", videos=(Media(data=FILM),)),
    Content(id="sound", audio=(Media(data=SOUND),)),
    Content(id="facts", text="x", facts=MappingProxyType({"author.age_days": 3, "author.strikes": 0})),
)

HOSTILE_TEXTS = MappingProxyType(
    {
        "empty": "",
        "blank": " \t\r\n\u2028\u00a0",
        "one megabyte": "All work and no play. " * 47_663,
        "one word of one megabyte": "a" * 1_048_576,
        "emoji": "\U0001f44d\U0001f3fd\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f1e9\U0001f1ea\u2764\ufe0f",
        "right to left": "\u202eabc\u202c \u05e9\u05dc\u05d5\u05dd \u200fabc\u2067def\u2069",
        "controls": "".join(map(chr, range(32))) + "\x7f\x85\u0000",
        "lone surrogates": "a\ud800b\udfff\udc00c",
        "stacked marks": "Z" + "\u0351\u036b\u0343\u036a" * 500 + "algo",
        "unassigned": "\u0378\ufffe\uffff\U000e0fff\U0010ffff",
        "markup": "<script>alert('%s %n {0} ${x}')</script>\\'\"; DROP TABLE posts; --",
    }
)

HOSTILE_MEDIA = MappingProxyType(
    {
        "empty": b"",
        "one byte": b"\0",
        "a text": b"not a picture, not a film, not a sound" * 20,
        "random": random.Random(7).randbytes(4096),  # noqa: S311 - noise, not a secret
        "a picture cut off": PIXEL[:40],
        "a picture without its end": PIXEL[:-20],
        "a picture of 30 gigapixels": PIXEL[:16] + struct.pack(">II", 173_205, 173_205) + PIXEL[24:],
        "a JPEG that only begins": b"\xff\xd8\xff\xe0\x00\x10JFIF",
        "a GIF without frames": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        "a film cut off": FILM[: len(FILM) // 2],
        "a film with noise in it": FILM[:200] + random.Random(7).randbytes(100) + FILM[300:],  # noqa: S311
        "an MP4 that only begins": struct.pack(">I", 24) + b"ftypisom" + bytes(12),
        "a sound cut off": SOUND[:50],
        "a sound of four gigabytes": SOUND[:4] + b"\xff" * 4 + SOUND[8:40] + b"\xff" * 4 + SOUND[44:],
    }
)
