curl -f https://x | sudo apt-key add - # want `apt-key is gone`
sudo apt-key list
