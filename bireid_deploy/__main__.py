"""`python -m bireid_deploy` is the command `bireid-deploy`."""

from bireid_deploy.cli.main import main

if __name__ == "__main__":
    main()
