#!/usr/bin/env bash
# Make sure that the browser tests have Chromium and a font with Chinese characters.
set -euo pipefail

find_browser() {
    if [ -n "${CHROMIUM:-}" ]; then command -v "$CHROMIUM"; return; fi
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

has_chinese() { [ -n "$(fc-list :lang=zh family 2>/dev/null)" ]; }

if find_browser >/dev/null && has_chinese; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium fonts-noto-cjk >/dev/null
    exit 0
fi
echo "The browser tests need Chromium and a Chinese font: install the packages chromium" \
    "and fonts-noto-cjk, or name a browser with CHROMIUM=/path/to/chrome." >&2
exit 1
