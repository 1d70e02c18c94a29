"""What Schemathesis writes where only the server knows which texts are good: filters in either language, names of attributes."""

import schemathesis
from hypothesis import strategies as st

GOOD = {"cql2-text": ["true", "false"], "sort-key": ["name", "-name", "+code"], "property-name": ["name", "code"]}
for form, texts in GOOD.items():
    schemathesis.openapi.format(form, st.sampled_from(texts))
