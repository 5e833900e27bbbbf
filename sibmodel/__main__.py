"""``python -m sibmodel``: the command line."""

from sibmodel.cli import main

if __name__ == "__main__":
    main()
