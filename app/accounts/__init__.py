"""Many Plivo accounts in one Gavel: ACCOUNTS_FILE."""
