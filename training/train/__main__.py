from training.train.train import main

main()
