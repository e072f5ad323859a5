"""People and programs: who may log in, what each of them may do, and the tokens that programs show."""
