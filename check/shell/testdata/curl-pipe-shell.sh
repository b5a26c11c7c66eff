curl -sSfL https://x/install.sh | sh -s -- -b /usr/local/bin # want `run by sh`
curl -fsS https://x | jq .
bash -c "$(curl -fsSL https://x)" # want `run by bash`
wget -qO- https://x | sudo bash # want `run by bash`
curl -f https://x -o y && sh ./z
