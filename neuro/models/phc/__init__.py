"""The PHC spiking state-space network as something to train.  Needs torch."""
