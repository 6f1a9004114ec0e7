"""Where the frozen app begins: one program that is the studio, the commands and the kiosk."""

import sys

from explorer.cli import main
from explorer.ui.kiosk import CHILD, run_window

if __name__ == "__main__":
    if sys.argv[1:2] == [CHILD]:
        sys.exit(run_window(sys.argv[2:]))
    main()
