# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that others stumble over, on the way to Claude and back."""

# As they stand in a string of JSON; what they are is carried as it is
TEXTS = [
    *[rf"\u{n:04x}" for n in range(1, 0x20)],
    r"\b\f\n\r\t\"\\\/", "\x7f", "".join(map(chr, range(0x80, 0xa0))),
    "\u2028\u2029", r"\u2028\u2029", "\ufeff", r"\ufeff", "\ufffd", r"\ufffd",
    "\ufffe\uffff", r"\uFFFE\uffff", "\ufdd0\ufdef", "\U0001fffe\U0010ffff",
    r"\ud83d\ude00", r"\udbff\udfff", "😀", "👩‍👩‍👧‍👦🏳️‍🌈", "\U000e0041\U000e007f",
    "e\u0301\u0327", "\u202eabc\u202c", "\u200b\u200d\u2060\u00ad", "\ue000",
    "\U000f0000", "ÿ€𐀀", "\u0378", r"\u00e9", "é", "\\\\u0000", r"\\ud800",
    "</script><!--]]>", "%s%n%%", "'; --", "${x}`id`$(id)", "\u0600\u06dd",
    "{\\\"a\\\":1}", "data: x", "a" * 255, "é" * 127,
]

FFFD = "\ufffd"
# In a string of a line of the CLI, as bytes: what the client gets
BACK = [
    (rb"\u0000", FFFD), (rb"a\u0000b\u0000", f"a{FFFD}b{FFFD}"),
    (b"a\0b", f"a{FFFD}b"), (rb"\ud800", FFFD), (rb"\udc00\ud800", FFFD * 2),
    (rb"\ud83d\ud83d\ude00", FFFD + "😀"), (rb"\ud83d\ude00", "😀"),
    (b"\xff", FFFD), (b"\xe9t\xe9", f"{FFFD}t{FFFD}"), (b"\xc3", FFFD),
    (b"\xe2\x82", FFFD), (b"\xf0\x9f\x98", FFFD), (b"\xc0\x80", FFFD * 2),
    (b"\xe0\x9f\xbf", FFFD * 3), (b"\xed\xa0\x80", FFFD * 3),
    (b"\xed\xa0\xbd\xed\xb8\x80", FFFD * 6), (b"\xf4\x90\x80\x80", FFFD * 4),
    (b"\xf8\x88\x80\x80\x80", FFFD * 5), (b"\xf0\x9f\x98a\xe2\x82\xac",
                                          f"{FFFD}a€"),
    (b"\xff" * 10000, FFFD * 10000),
    (rb"\ud800" + b"\xff" + rb"\udc00", FFFD * 3),
    ("\u2028\u2029\ufffe\uffff\ufeff\x7f\x85".encode(),
     "\u2028\u2029\ufffe\uffff\ufeff\x7f\x85"),
    (rb"\u0001\u001f\b\f\r\n\t\"\\\/", '\x01\x1f\b\f\r\n\t"\\/'),
    ("\U0010ffff".encode(), "\U0010ffff"), (rb"\\u0000\\ud800",
                                            r"\u0000\ud800"),
    (b"</script>\xe2\x80\xae", "</script>\u202e"),
]


def joined(rows):
    """All in one text, and what becomes of it."""
    return (b"|".join(text for text, _ in rows),
            "|".join(want for _, want in rows))
