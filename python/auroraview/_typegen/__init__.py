"""TypeScript of what a program offers to its pages."""
