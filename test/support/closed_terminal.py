# What becomes of a command whose terminal is closed? Runs it on a pty, closes that once a text was shown, and waits.
#   closed_terminal.py TEXT COMMAND...
# Prints the exit code, or "alive" where it has not ended within 20 s; then it is killed.
import os, pty, signal, sys, time

text, command = sys.argv[1].encode(), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
shown = b""
while text not in shown:
    shown += os.read(terminal, 4096)
os.close(terminal)
for _ in range(200):
    done, status = os.waitpid(child, os.WNOHANG)
    if done:
        print(os.waitstatus_to_exitcode(status))
        sys.exit()
    time.sleep(0.1)
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
print("alive")
