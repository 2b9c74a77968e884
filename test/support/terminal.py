# How does a test type at a terminal? Runs a command on a pty, and writes an answer whenever it has been asked.
#   terminal.py '[["Password: ", "typed\r"], ...]' COMMAND...
# Prints what the terminal showed, then a line with the exit code and whether echo was on again.
import fcntl, json, os, pty, select, struct, sys, termios

steps, command = json.loads(sys.argv[1]), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

shown = b""
unread = b""
while True:
    if not select.select([terminal], [], [], 30)[0]:
        break
    echoes = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
    try:
        chunk = os.read(terminal, 4096)
    except OSError:
        break
    if not chunk:
        break
    shown += chunk
    unread += chunk
    if steps and steps[0][0].encode() in unread:
        unread = b""
        os.write(terminal, steps.pop(0)[1].encode())

_, status = os.waitpid(child, 0)
sys.stdout.buffer.write(shown)
print("\n" + json.dumps({"status": os.waitstatus_to_exitcode(status), "echoes": echoes}))
