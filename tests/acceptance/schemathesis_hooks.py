"""What schemathesis is told beside schemathesis.toml: how a component is sent."""

import schemathesis


@schemathesis.serializer("application/wasm")
def wasm(_context, value):
    """Bytes as they are, anything else as its text: none of it is a component."""
    return value if isinstance(value, bytes) else str(value).encode()
