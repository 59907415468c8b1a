# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of sessions of the Node.js version of ccp."""
import hashlib
import json
import time


def digest(messages):
    """Of a conversation up to and with its last answer, in its order."""
    text = json.dumps(messages, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def write_original(path, conversations):
    """conversations: (messages, session, seconds since then)."""
    path.write_text(json.dumps({
        digest(messages): {"sessionId": session,
                           "createdAt": int((time.time() - age) * 1000)}
        for messages, session, age in conversations}, indent=2),
        encoding="utf-8")
