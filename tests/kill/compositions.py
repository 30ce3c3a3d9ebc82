"""What a round's bytes go through: any of the stages, one behind the other."""

TAPS = ["xxh3_128", "sha256", "crc32c", "buffered 4", "rate_limit 400MiB", "timeout 60s", "batch bytes=300KiB"]
LINES = ["grep e", "grep invert x", "grep 'a.*b' regex", "parallel 'grep e'", "parallel 'grep invert q | grep t' workers=3", "batch lines=100",
         "skip lines=7", "take lines=2000000", "take lines=50000"]
BYTES = ["skip bytes=12345", "take bytes=20MiB"]
CODECS = ["zstd level=1", "zstd level=-3", "gzip level=1", "zstd level=1 | unzstd", "gzip level=1 | gunzip"]


def draw(rng):
    """Stages as a text, empty for none; what they are to the table; and whether they make other bytes."""
    if rng.random() < 0.2:
        return "", "none", False
    stages, words = [], []
    if rng.random() < 0.4:
        stages.append(rng.choice(TAPS))
        words.append("taps")
    changing = rng.random() < 0.8
    if changing:
        what = rng.choice(["lines", "bytes", "codec", "codec", "lines, codec", "bytes, codec"])
        words.append(what)
        if "lines" in what:
            stages += ["lines", *rng.sample(LINES, rng.randint(1, 3))]
        if "bytes" in what:
            stages.append(rng.choice(BYTES))
        if "codec" in what:
            stages.append(rng.choice(CODECS))
    if not stages or rng.random() < 0.3:
        stages.append(rng.choice(TAPS))
        words = ["taps", *[word for word in words if word != "taps"]]
    return " | ".join(stages), ", ".join(words), changing
