"""Words of market data that mean something of their own in one table."""

from typing import Final

TICKERS: Final = {
    "valid_from": ("TIMESTAMP", "first local trading day under the ticker, at midnight"),
    "valid_to": ("TIMESTAMP", "first local day no longer under it, at midnight; null while it is"),
    "source": ("VARCHAR", "feed"),
}
ALTERNATIVE: Final = {
    "kind": ("VARCHAR", "order_book, news, social, card_spending, satellite, options or other"),
    "name": ("VARCHAR", "series inside the kind: sentiment, mentions, bid_price_1 ..."),
    "event_at": ("TIMESTAMP", "when it happened or was measured, UTC"),
    "value": ("DOUBLE", "value observed; null where the embedding says all"),
    "source": ("VARCHAR", "feed"),
}
