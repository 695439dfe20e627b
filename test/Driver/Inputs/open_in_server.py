"""Opens a file in segc-lsp-server and prints its exit code and what it said."""

import json
import pathlib
import subprocess
import sys

text = pathlib.Path(sys.argv[1]).read_text()
document = {"uri": "test:///file.mlir", "languageId": "mlir", "version": 1, "text": text}
messages = [
    {"id": 0, "method": "initialize", "params": {"processId": 1, "rootPath": "", "capabilities": {}, "trace": "off"}},
    {"method": "textDocument/didOpen", "params": {"textDocument": document}},
    {"id": 1, "method": "shutdown"},
    {"method": "exit"},
]
bodies = [json.dumps({"jsonrpc": "2.0", **message}) for message in messages]
stream = "".join(f"Content-Length: {len(body)}\r\n\r\n{body}" for body in bodies)
result = subprocess.run(["segc-lsp-server"], input=stream, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
print("exit code", result.returncode)
print(result.stdout)
