"""What the tests share: builders of valid things, fake neighbours, and tables on moto."""
