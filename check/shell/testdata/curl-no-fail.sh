curl -s https://x/key | sudo apt-key add - # want `error page`
curl -fsSL https://x | tar xz
curl -LO https://x/y # want `error page`
curl https://x
curl -s http://localhost:8080/ -o /dev/null
curl -s https://x | jq .
