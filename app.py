"""``python app.py`` is ``footnote serve``, for people who look for the door by its usual name."""

import sys

from cli import main

if __name__ == "__main__":
    main(["serve", *sys.argv[1:]])
