from __future__ import annotations

import sys
from pathlib import Path

# The import mode keeps test folders off the path; the reference implementation beside these tests is wanted.
sys.path.insert(0, str(Path(__file__).parent))
