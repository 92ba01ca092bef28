"""What a page may do beyond its window, if the application names it."""
