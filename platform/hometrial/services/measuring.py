"""placeholder"""
def measure(session, days): pass
