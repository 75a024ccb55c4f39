"""`python -m hometrial` is `hometrial`."""

from hometrial.cli import main

main()
