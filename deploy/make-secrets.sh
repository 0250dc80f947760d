#!/bin/sh
# Makes the secret files that docker-compose.yml mounts, where they are missing. What is there stays as it is.
set -eu
cd "$(dirname "$0")/secrets"

random_hex() { od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'; }

# Reads the new file's one line from standard input. It has its name only when it is whole.
make() {
  if [ -s "$1" ]; then
    cat > /dev/null
    echo "kept  $1"
  else
    cat > "$1.new"
    chmod 644 "$1.new"
    mv "$1.new" "$1"
    echo "made  $1"
  fi
}

# Containers run as users of their own, who have to read the files; the folder keeps everybody else out.
chmod 700 .

random_hex 32 | make encryption-key
random_hex 24 | make postgres-password
printf 'postgres://drover:%s@postgres:5432/drover' "$(cat postgres-password)" | make database-url
printf 'requirepass %s' "$(random_hex 24)" | make redis-config
printf 'redis://:%s@redis:6379/0' "$(cut -d ' ' -f 2 redis-config)" | make redis-url
random_hex 12 | make grafana-password

echo "Keep a copy of encryption-key apart from the database: without it the secrets of connections cannot be read."
