"""Benches judged before they are used: do they tell models apart, and as people do?"""
