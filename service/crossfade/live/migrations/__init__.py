"""How the tables of the live data came to be, step by step; run by Alembic when a database is opened."""
