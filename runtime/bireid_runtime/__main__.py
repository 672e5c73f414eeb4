"""`python -m bireid_runtime`; see `command_line`."""

import sys

from bireid_runtime.command_line import main

sys.exit(main())
