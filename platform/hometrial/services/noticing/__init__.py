"""What calls for somebody: causes are looked for, become open work, and close that work once they are gone."""
