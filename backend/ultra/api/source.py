"""Where a request came from, for routes that change something."""

from typing import Annotated

from fastapi import Depends

from ultra.auth.sign_in import Source
from ultra.gate.source import source_of

From = Annotated[Source, Depends(source_of)]
